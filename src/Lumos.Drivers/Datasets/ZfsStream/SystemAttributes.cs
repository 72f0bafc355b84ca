using System.Buffers.Binary;
using System.Globalization;
using System.Text;

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
    private readonly Func<string, Exception> _damaged;

    public SystemAttributes(IEnumerable<ZapEntry> registry, IEnumerable<ZapEntry> layouts, Func<string, Exception> damaged)
    {
        _damaged = damaged;
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
    public Znode Read(ReadOnlySpan<byte> bonus, ReadOnlySpan<byte> spill)
    {
        var znode = Read(new Znode(), bonus);
        return spill.IsEmpty ? znode : Read(znode, spill);
    }

    private Znode Read(Znode znode, ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(buffer) != BufferMagic)
        {
            throw _damaged("its attributes are damaged");
        }
        int info = BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]);
        int number = info & 0x3ff, at = (info >> 10) * 8, variable = 0;
        if (number is 0 or 1)
        {
            return znode; // by definition empty
        }
        if (!_layouts.TryGetValue(number, out int[]? layout))
        {
            throw _damaged($"its attributes are in the unknown layout {number}");
        }
        foreach (int attribute in layout)
        {
            if (!_registry.TryGetValue(attribute, out var known))
            {
                throw _damaged($"it has the unknown attribute {attribute}");
            }
            int length = known.Length;
            if (length == 0)
            {
                int lengthAt = 6 + (2 * variable++);
                length = lengthAt + 2 <= buffer.Length ? BinaryPrimitives.ReadUInt16LittleEndian(buffer[lengthAt..]) : int.MaxValue;
            }
            if (length > buffer.Length - at)
            {
                throw _damaged("its attributes are longer than their place");
            }
            znode = Set(znode, known.Name, buffer.Slice(at, length));
            at = Math.Min(buffer.Length, (at + length + 7) & ~7);
        }
        return znode;
    }

    private Znode Set(Znode znode, string name, ReadOnlySpan<byte> value) => name switch
    {
        "ZPL_ATIME" => znode with { Accessed = Znode.Time(Sized(value, 16)) },
        "ZPL_MTIME" => znode with { Modified = Znode.Time(Sized(value, 16)) },
        "ZPL_MODE" => znode with { FullMode = (uint)Number(value) },
        "ZPL_SIZE" => znode with { Size = Number(value) },
        "ZPL_LINKS" => znode with { Links = Number(value) },
        "ZPL_XATTR" => znode with { AttributeDirectory = Number(value) },
        "ZPL_RDEV" => znode with { Device = Number(value) },
        "ZPL_FLAGS" => znode with { Flags = Number(value) },
        "ZPL_UID" => znode with { User = Number(value) },
        "ZPL_GID" => znode with { Group = Number(value) },
        "ZPL_PROJID" => znode with { ProjectId = Number(value) },
        "ZPL_SYMLINK" => znode with { LinkText = value.ToArray() },
        "ZPL_DXATTR" => znode with { PackedAttributes = value.ToArray() },
        _ => znode,
    };

    private ulong Number(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt64LittleEndian(Sized(value, 8));

    private ReadOnlySpan<byte> Sized(ReadOnlySpan<byte> value, int length) =>
        value.Length == length ? value : throw _damaged("an attribute has a wrong length");
}
