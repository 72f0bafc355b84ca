using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// How a file system lays out the attributes of its files. The registry names each attribute's number and length (0: it
/// varies), the layouts are lists of such numbers. A buffer of attributes, which is an object's bonus or its spill block,
/// opens with the number of its layout and the lengths of those that vary; the values follow, each at a multiple of eight.
/// </summary>
internal sealed class SystemAttributes
{
    private const uint BufferMagic = 0x2F505A;

    private readonly Dictionary<int, (string Name, int Length)> _registry = [];
    private readonly Dictionary<int, int[]> _layouts = [];

    public SystemAttributes(IEnumerable<ZapEntry> registry, IEnumerable<ZapEntry> layouts, Func<string, Exception> damaged)
    {
        foreach (var (name, values) in registry)
        {
            if (values.Length != 1)
            {
                throw damaged("its registry of attributes is damaged");
            }
            _registry[(int)(values[0] & 0xffff)] = (Encoding.ASCII.GetString(name), (int)((values[0] >> 24) & 0xffff));
        }
        foreach (var (name, values) in layouts)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                throw damaged("its layouts of attributes are damaged");
            }
            _layouts[number] = [.. values.Select(v => (int)v)];
        }
    }

    /// <param name="bonus">The attributes of an object.</param>
    /// <param name="spill">Those that found no room there; empty: none.</param>
    /// <param name="damaged">Makes the exception for attributes that contradict themselves, of a reason.</param>
    public Znode Read(ReadOnlySpan<byte> bonus, ReadOnlySpan<byte> spill, Func<string, Exception> damaged)
    {
        var znode = Read(new Znode(), bonus, damaged);
        return spill.IsEmpty ? znode : Read(znode, spill, damaged);
    }

    private Znode Read(Znode znode, ReadOnlySpan<byte> buffer, Func<string, Exception> damaged)
    {
        if (buffer.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(buffer) != BufferMagic)
        {
            throw damaged("its attributes are damaged");
        }
        int number = BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]) & 0x3ff;
        if (number is 0 or 1)
        {
            return znode; // by definition empty
        }
        if (!_layouts.TryGetValue(number, out int[]? layout))
        {
            throw damaged($"its attributes are in the unknown layout {number}");
        }
        // The header tells its own length too, but ZFS goes by the layout, and so do we.
        int variable = 0, at = (6 + (2 * layout.Count(a => _registry.TryGetValue(a, out var each) && each.Length == 0)) + 7) & ~7;
        foreach (int attribute in layout)
        {
            if (!_registry.TryGetValue(attribute, out var known))
            {
                throw damaged($"it has the unknown attribute {attribute}");
            }
            int length = known.Length;
            if (length == 0)
            {
                int lengthAt = 6 + (2 * variable++);
                length = lengthAt + 2 <= buffer.Length ? BinaryPrimitives.ReadUInt16LittleEndian(buffer[lengthAt..]) : int.MaxValue;
            }
            if (at > buffer.Length || length > buffer.Length - at)
            {
                throw damaged("its attributes are longer than their place");
            }
            znode = Set(znode, known.Name, new Value(buffer.Slice(at, length), damaged));
            at = Math.Min(buffer.Length, (at + length + 7) & ~7);
        }
        return znode;
    }

    private static Znode Set(Znode znode, string name, Value value) => name switch
    {
        "ZPL_ATIME" => znode with { Accessed = value.Time },
        "ZPL_MTIME" => znode with { Modified = value.Time },
        "ZPL_MODE" => znode with { FullMode = (uint)value.Number },
        "ZPL_SIZE" => znode with { Size = value.Number },
        "ZPL_LINKS" => znode with { Links = value.Number },
        "ZPL_XATTR" => znode with { AttributeDirectory = value.Number },
        "ZPL_RDEV" => znode with { Device = value.Number },
        "ZPL_FLAGS" => znode with { Flags = value.Number },
        "ZPL_UID" => znode with { User = value.Number },
        "ZPL_GID" => znode with { Group = value.Number },
        "ZPL_PROJID" => znode with { ProjectId = value.Number },
        "ZPL_SYMLINK" => znode with { LinkText = value.Bytes.ToArray() },
        "ZPL_DXATTR" => znode with { PackedAttributes = value.Bytes.ToArray() },
        _ => znode,
    };

    private readonly ref struct Value(ReadOnlySpan<byte> bytes, Func<string, Exception> damaged)
    {
        public ReadOnlySpan<byte> Bytes { get; } = bytes;

        public ulong Number => BinaryPrimitives.ReadUInt64LittleEndian(Sized(8));

        public FileTime Time => Znode.Time(Sized(16));

        private ReadOnlySpan<byte> Sized(int length) => Bytes.Length == length ? Bytes : throw damaged("an attribute has a wrong length");
    }
}
