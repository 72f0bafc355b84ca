using System.Runtime.CompilerServices;
using System.Text;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

/// <summary>Walks the attributes of a message or of a nested attribute; what is cut short ends the walk.</summary>
internal unsafe ref struct NetlinkReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    internal ushort Type { get; private set; }

    /// <summary>The value of the attribute at hand.</summary>
    internal ReadOnlySpan<byte> Value { get; private set; }

    internal readonly uint U32 => Value.Length >= 4 ? BitConverter.ToUInt32(Value) : 0;

    internal readonly int S32 => (int)U32;

    internal readonly ushort U16 => Value.Length >= 2 ? BitConverter.ToUInt16(Value) : (ushort)0;

    internal readonly byte U8 => Value.Length >= 1 ? Value[0] : (byte)0;

    internal readonly string Text => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    internal bool Next()
    {
        if (_rest.Length < sizeof(Libc.nlattr))
        {
            return false;
        }
        var header = Unsafe.ReadUnaligned<Libc.nlattr>(in _rest[0]);
        if (header.nla_len < sizeof(Libc.nlattr) || header.nla_len > _rest.Length)
        {
            return false;
        }
        Type = (ushort)(header.nla_type & Libc.NLA_TYPE_MASK);
        Value = _rest[sizeof(Libc.nlattr)..header.nla_len];
        _rest = _rest[Math.Min(_rest.Length, (header.nla_len + 3) & ~3)..];
        return true;
    }

    /// <summary>The fixed part at the start of a message's body; the attributes follow it.</summary>
    internal static T Fixed<T>(ReadOnlySpan<byte> body, out NetlinkReader attributes)
        where T : unmanaged
    {
        if (body.Length < sizeof(T))
        {
            throw new ErrnoException("netlink message cut short", Errno.EIO);
        }
        attributes = new NetlinkReader(body[Math.Min(body.Length, (sizeof(T) + 3) & ~3)..]);
        return Unsafe.ReadUnaligned<T>(in body[0]);
    }
}
