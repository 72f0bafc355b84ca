using System.Buffers.Binary;
using System.Text;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>
/// A file system as ZFS lays it out in objects, small enough to write by hand: object 1 is the master node, 2 to 4 the layouts
/// of attributes, 8 the root directory; the test gives the rest their numbers.
/// </summary>
internal sealed class ZfsTreeBuilder
{
    public const ulong Root = 8;

    /// <summary>Numbers of attributes; the registry names them.</summary>
    private static readonly (string Name, int Length)[] _registry =
    [
        ("ZPL_MODE", 8), ("ZPL_SIZE", 8), ("ZPL_UID", 8), ("ZPL_GID", 8), ("ZPL_LINKS", 8), ("ZPL_FLAGS", 8), ("ZPL_ATIME", 16), ("ZPL_MTIME", 16),
        ("ZPL_RDEV", 8), ("ZPL_XATTR", 8), ("ZPL_SYMLINK", 0), ("ZPL_DXATTR", 0), ("ZPL_PROJID", 8), ("ZPL_DACL_ACES", 0),
    ];

    private readonly SortedDictionary<ulong, (uint Type, uint BonusType, int BlockSize, byte[] Bonus, byte[]? Spill, List<(ulong, byte[])> Blocks)> _objects = [];
    private readonly List<int[]> _layouts = [];

    public ZfsStreamBuilder Stream { get; } = new();

    /// <summary>Entries of the root directory: name and object.</summary>
    public List<(string Name, ulong Object)> RootEntries { get; } = [];

    public Dictionary<string, ulong> Master { get; } = new() { ["ROOT"] = Root, ["VERSION"] = 5, ["SA_ATTRS"] = 2 };

    /// <summary>What an object says of itself.</summary>
    public sealed record Node(uint Mode)
    {
        public ulong Size { get; init; }

        public ulong User { get; init; }

        public ulong Group { get; init; }

        public ulong Links { get; init; } = 1;

        public ulong Flags { get; init; } = 4;

        public long Modified { get; init; } = 1_600_000_000;

        public ulong? Device { get; init; }

        public ulong? AttributeDirectory { get; init; }

        public byte[]? LinkText { get; init; }

        /// <summary>Extended attributes kept with the others.</summary>
        public (string Name, byte[] Value)[]? Attributes { get; init; }

        /// <summary>Put the extended attributes into a spill block.</summary>
        public bool Spill { get; init; }

        public ulong? ProjectId { get; init; }
    }

    public void File(ulong number, Node node, params (ulong Offset, byte[] Content)[] blocks) =>
        Add(number, 19, 512, node, blocks);

    public void File(ulong number, string content, uint mode = 0x81a4) =>
        File(number, new Node(mode) { Size = (ulong)content.Length }, (0, Block(Encoding.UTF8.GetBytes(content))));

    public void Directory(ulong number, Node node, params (string Name, ulong Object)[] entries) =>
        Directory(number, node, Micro([.. entries.Select(e => (Encoding.Latin1.GetBytes(e.Name), e.Object))]));

    public void Directory(ulong number, Node node, byte[] table) => Add(number, 20, table.Length, node, [(0, table)]);

    /// <summary>A directory as a table of several blocks.</summary>
    public void FatDirectory(ulong number, Node node, byte[][] blocks) =>
        Add(number, 20, blocks[0].Length, node, [.. blocks.Select((b, i) => ((ulong)(i * blocks[0].Length), b))]);

    /// <summary>Any object, with any attributes.</summary>
    public void Raw(ulong number, uint type, uint bonusType, int blockSize, byte[] bonus, params (ulong Offset, byte[] Content)[] blocks) =>
        _objects[number] = (type, bonusType, blockSize, bonus, null, [.. blocks]);

    /// <summary>A copy of an object's attributes.</summary>
    public byte[] BonusOf(ulong number) => [.. _objects[number].Bonus];

    public byte[] ToArray(bool end = true)
    {
        Prepare();
        return Stream.ToArray(end);
    }

    /// <summary>Writes the records to <see cref="Stream"/>, so that a test can add others.</summary>
    public void Prepare()
    {
        if (!_objects.ContainsKey(Root))
        {
            Directory(Root, new Node(0x41ed), [.. RootEntries]);
        }
        byte[] master = Micro([.. Master.Select(e => (Encoding.ASCII.GetBytes(e.Key), e.Value))]);
        Raw(1, 21, 0, master.Length, [], (0, master));
        if (Master.ContainsKey("SA_ATTRS"))
        {
            byte[] attributes = Micro([("REGISTRY"u8.ToArray(), 3), ("LAYOUTS"u8.ToArray(), 4)]);
            Raw(2, 45, 0, attributes.Length, [], (0, attributes));
            byte[] registry = Micro([.. _registry.Select((r, i) => (Encoding.ASCII.GetBytes(r.Name), (uint)i | ((ulong)r.Length << 24)))]);
            Raw(3, 46, 0, registry.Length, [], (0, registry));
            byte[][] layouts = Fat([.. _layouts.Select((l, i) => (Encoding.ASCII.GetBytes($"{i + 2}"), 2, l.Select(v => (ulong)v).ToArray()))], 4096);
            Raw(4, 47, 0, 4096, [], [.. layouts.Select((b, i) => ((ulong)(4096 * i), b))]);
        }
        ulong next = 1;
        foreach (var (number, (type, bonusType, blockSize, bonus, spill, blocks)) in _objects)
        {
            if (number > next)
            {
                Stream.FreeObjects(next, number - next);
            }
            next = number + 1;
            Stream.Object(number, type, bonusType, blockSize, bonus);
            Stream.Free(number, (ulong)blockSize << 20, ulong.MaxValue);
            foreach (var (offset, content) in blocks)
            {
                Stream.Write(number, offset, content);
            }
            if (spill is not null)
            {
                Stream.Spill(number, spill);
            }
        }
        Stream.FreeObjects(next, ulong.MaxValue - next);
    }

    /// <summary>Zeros up to the next multiple of 512.</summary>
    public static byte[] Block(byte[] content) => [.. content, .. new byte[-content.Length & 511]];

    /// <summary>A micro table.</summary>
    public static byte[] Micro((byte[] Name, ulong Value)[] entries)
    {
        byte[] block = new byte[Math.Max(512, (64 * (entries.Length + 1) + 511) & ~511)];
        BinaryPrimitives.WriteUInt64LittleEndian(block, (1UL << 63) + 3);
        for (int i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(64 * (i + 1)), entries[i].Value);
            entries[i].Name.CopyTo(block.AsSpan(64 * (i + 1) + 14, 50));
        }
        return block;
    }

    /// <summary>A fat table: a header and as many leaves as it takes.</summary>
    public static byte[][] Fat((byte[] Name, int Width, ulong[] Values)[] entries, int blockSize)
    {
        byte[] header = new byte[blockSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (1UL << 63) + 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), 0x2F52AB2AB);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(72), (ulong)entries.Length);
        var blocks = new List<byte[]> { header };
        int start = 48 + (blockSize / 16), chunks = (blockSize - (blockSize / 16)) / 24 - 2, chunk = chunks;
        byte[] leaf = [];
        foreach (var (name, width, values) in entries)
        {
            byte[] text = [.. name, 0];
            byte[] value = [.. values.SelectMany(v => Enumerable.Range(0, width).Select(i => (byte)(v >> (8 * (width - 1 - i)))))];
            int needed = 1 + ((text.Length + 20) / 21) + ((value.Length + 20) / 21);
            if (chunk + needed > chunks)
            {
                leaf = new byte[blockSize];
                BinaryPrimitives.WriteUInt64LittleEndian(leaf, 1UL << 63);
                BinaryPrimitives.WriteUInt32LittleEndian(leaf.AsSpan(24), 0x2AB1EAF);
                for (int i = 0; i < chunks; i++)
                {
                    leaf[start + (24 * i)] = 253;
                }
                blocks.Add(leaf);
                chunk = 0;
            }
            int at = start + (24 * chunk++);
            (int nameChunk, chunk) = (chunk, Chain(leaf, start, chunk, text));
            (int valueChunk, chunk) = (chunk, Chain(leaf, start, chunk, value));
            leaf[at] = 252;
            leaf[at + 1] = (byte)width;
            BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(at + 4), (ushort)nameChunk);
            BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(at + 6), (ushort)text.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(at + 8), (ushort)valueChunk);
            BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(at + 10), (ushort)values.Length);
        }
        return [.. blocks];
    }

    public static byte[][] FatEntries(IEnumerable<(string Name, ulong Object)> entries) =>
        Fat([.. entries.Select(e => (Encoding.Latin1.GetBytes(e.Name), 8, new[] { e.Object | (8UL << 60) }))], 4096);

    private static int Chain(byte[] leaf, int start, int chunk, byte[] bytes)
    {
        for (int at = 0; at < bytes.Length; at += 21, chunk++)
        {
            int place = start + (24 * chunk);
            leaf[place] = 251;
            bytes.AsSpan(at, Math.Min(21, bytes.Length - at)).CopyTo(leaf.AsSpan(place + 1));
            BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(place + 22), (ushort)(at + 21 < bytes.Length ? chunk + 1 : 0xffff));
        }
        return chunk;
    }

    private void Add(ulong number, uint type, int blockSize, Node node, (ulong, byte[])[] blocks)
    {
        var fields = new List<(string, byte[])>
        {
            ("ZPL_MODE", U64(node.Mode)), ("ZPL_SIZE", U64(node.Size)), ("ZPL_UID", U64(node.User)), ("ZPL_GID", U64(node.Group)), ("ZPL_LINKS", U64(node.Links)),
            ("ZPL_FLAGS", U64(node.Flags)), ("ZPL_ATIME", [.. U64((ulong)node.Modified + 1), .. U64(0)]), ("ZPL_MTIME", [.. U64((ulong)node.Modified), .. U64(123_456_789)]),
        };
        void Optional(string name, byte[]? value)
        {
            if (value is not null)
            {
                fields.Add((name, value));
            }
        }
        Optional("ZPL_RDEV", node.Device is { } device ? U64(device) : null);
        Optional("ZPL_DACL_ACES", [1, 2, 3]); // of a length that is no multiple of eight, before others
        Optional("ZPL_XATTR", node.AttributeDirectory is { } directory ? U64(directory) : null);
        Optional("ZPL_PROJID", node.ProjectId is { } project ? U64(project) : null);
        Optional("ZPL_SYMLINK", node.LinkText);
        byte[]? packed = node.Attributes is { } attributes ? Pack(attributes) : null;
        Optional("ZPL_DXATTR", node.Spill ? null : packed);
        byte[]? spill = node.Spill && packed is not null ? Block(Attributes([("ZPL_DXATTR", packed)])) : null;
        _objects[number] = (type, 44, blockSize, Attributes(fields), spill, [.. blocks]);
    }

    /// <summary>A buffer of attributes in a layout that is made for it.</summary>
    private byte[] Attributes(List<(string Name, byte[] Value)> fields)
    {
        int[] layout = [.. fields.Select(f => Array.FindIndex(_registry, r => r.Name == f.Name))];
        int number = _layouts.FindIndex(l => l.SequenceEqual(layout));
        if (number < 0)
        {
            _layouts.Add(layout);
            number = _layouts.Count - 1;
        }
        byte[][] variable = [.. fields.Where(f => _registry.First(r => r.Name == f.Name).Length == 0).Select(f => f.Value)];
        int header = (6 + (2 * variable.Length) + 7) & ~7;
        byte[] start = new byte[header];
        BinaryPrimitives.WriteUInt32LittleEndian(start, 0x2F505A);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(4), (ushort)((number + 2) | (header / 8 << 10)));
        for (int i = 0; i < variable.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(6 + (2 * i)), (ushort)variable[i].Length);
        }
        return [.. start, .. fields.SelectMany(f => f.Value.Concat(new byte[-f.Value.Length & 7]))];
    }

    private static byte[] Pack((string Name, byte[] Value)[] attributes)
    {
        var bytes = new List<byte> { 1, 1, 0, 0 };
        void Int(int value) => bytes.AddRange([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
        void Opaque(byte[] value) => bytes.AddRange(value.Concat(new byte[-value.Length & 3]));
        Int(0);
        Int(1);
        foreach (var (name, value) in attributes)
        {
            byte[] key = Encoding.UTF8.GetBytes(name);
            Int(20 + ((key.Length + 3) & ~3) + ((value.Length + 3) & ~3));
            Int(64 + value.Length);
            Int(key.Length);
            Opaque(key);
            Int(10);
            Int(value.Length);
            Opaque(value);
        }
        Int(0);
        Int(0);
        return [.. bytes];
    }

    public static byte[] U64(ulong value) => BitConverter.GetBytes(value);
}
