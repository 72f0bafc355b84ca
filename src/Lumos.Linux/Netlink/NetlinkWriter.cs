using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

/// <summary>Builds one netlink message in a buffer of the caller: header, fixed part, attributes (aligned to 4).</summary>
internal unsafe ref struct NetlinkWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    internal NetlinkWriter(Span<byte> buffer, ushort type, ushort flags)
    {
        _buffer = buffer;
        _length = 0;
        Struct(new Libc.nlmsghdr { nlmsg_type = type, nlmsg_flags = flags });
    }

    /// <summary>The message so far, its length and number written into the header.</summary>
    internal readonly ReadOnlySpan<byte> Finish(uint sequence)
    {
        ref var header = ref MemoryMarshal.AsRef<Libc.nlmsghdr>(_buffer);
        header.nlmsg_len = (uint)_length;
        header.nlmsg_seq = sequence;
        return _buffer[.._length];
    }

    /// <summary>A fixed part, such as ifinfomsg.</summary>
    internal void Struct<T>(T value)
        where T : unmanaged
    {
        Unsafe.WriteUnaligned(ref Reserve(sizeof(T))[0], value);
    }

    internal void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Struct(new Libc.nlattr { nla_len = checked((ushort)(sizeof(Libc.nlattr) + value.Length)), nla_type = type });
        value.CopyTo(Reserve(value.Length));
    }

    internal void Attribute(ushort type, uint value) => Attribute(type, BitConverter.GetBytes(value));

    internal void Attribute(ushort type, int value) => Attribute(type, BitConverter.GetBytes(value));

    internal void Attribute(ushort type, ushort value) => Attribute(type, BitConverter.GetBytes(value));

    /// <summary>A string with its NUL.</summary>
    internal void Attribute(ushort type, string value) => Attribute(type, Encoding.UTF8.GetBytes(value + '\0'));

    /// <summary>Opens an attribute that holds others; close it with <see cref="End"/>.</summary>
    internal int Begin(ushort type)
    {
        int start = _length;
        Struct(new Libc.nlattr { nla_type = type });
        return start;
    }

    internal readonly void End(int start) =>
        MemoryMarshal.AsRef<Libc.nlattr>(_buffer[start..]).nla_len = checked((ushort)(_length - start));

    private Span<byte> Reserve(int size)
    {
        int aligned = (size + 3) & ~3;
        if (_length + aligned > _buffer.Length)
        {
            throw new ErrnoException("netlink message", Errno.ENOBUFS);
        }
        var part = _buffer.Slice(_length, aligned);
        part.Clear();
        _length += aligned;
        return part;
    }
}
