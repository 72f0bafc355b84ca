using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Ebpf;

/// <summary>A hash map of the kernel that programs of eBPF read: keys and values of fixed length. Lives while someone holds or has pinned it.</summary>
public sealed unsafe class EbpfMap : IDisposable
{
    private readonly FileDescriptor _fd;
    private readonly int _keySize, _valueSize;

    private EbpfMap(FileDescriptor fd, int keySize, int valueSize) => (_fd, _keySize, _valueSize) = (fd, keySize, valueSize);

    internal int Descriptor => _fd.Number;

    /// <param name="name">For who lists maps; 15 letters at most.</param>
    /// <param name="keySize">Bytes.</param>
    /// <param name="valueSize">Bytes.</param>
    /// <param name="entries">The most it holds.</param>
    /// <exception cref="ErrnoException">EPERM, ENOMEM.</exception>
    public static EbpfMap Create(string name, int keySize, int valueSize, int entries)
    {
        var attributes = new Libc.bpf_attr
        {
            map_type = Libc.BPF_MAP_TYPE_HASH, key_size = (uint)keySize, value_size = (uint)valueSize, max_entries = (uint)entries,
        };
        EbpfObject.Name(name, attributes.map_name);
        return new EbpfMap(EbpfObject.Make(Libc.BPF_MAP_CREATE, &attributes, "bpf map create"), keySize, valueSize);
    }

    /// <summary>The map pinned at a path of bpffs, of the sizes it was made with; null: nothing is there.</summary>
    /// <exception cref="ErrnoException">EPERM.</exception>
    public static EbpfMap? OpenPinned(string path, int keySize, int valueSize) =>
        EbpfObject.OpenPinned(path) is { } fd ? new EbpfMap(fd, keySize, valueSize) : null;

    /// <summary>Keeps it at a path of bpffs, after all who hold it are gone.</summary>
    public void Pin(string path) => EbpfObject.Pin(_fd, path);

    public void Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, _keySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, _valueSize);
        fixed (byte* k = key, v = value)
        {
            var attributes = new Libc.bpf_attr { map_fd = (uint)_fd.Number, key = (ulong)k, value = (ulong)v };
            SystemCall.Checked(Libc.bpf(Libc.BPF_MAP_UPDATE_ELEM, &attributes), "bpf map update");
        }
    }

    /// <summary>The value of a key; null: it has none.</summary>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, _keySize);
        byte[] value = new byte[_valueSize];
        fixed (byte* k = key, v = value)
        {
            var attributes = new Libc.bpf_attr { map_fd = (uint)_fd.Number, key = (ulong)k, value = (ulong)v };
            return EbpfObject.Found(Libc.bpf(Libc.BPF_MAP_LOOKUP_ELEM, &attributes), "bpf map lookup") ? value : null;
        }
    }

    /// <summary>False: there was none.</summary>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, _keySize);
        fixed (byte* k = key)
        {
            var attributes = new Libc.bpf_attr { map_fd = (uint)_fd.Number, key = (ulong)k };
            return EbpfObject.Found(Libc.bpf(Libc.BPF_MAP_DELETE_ELEM, &attributes), "bpf map delete");
        }
    }

    public void Dispose() => _fd.Dispose();
}
