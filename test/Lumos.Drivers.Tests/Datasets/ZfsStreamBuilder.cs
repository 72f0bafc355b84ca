using System.Buffers.Binary;
using System.Text;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>
/// Writes send streams record by record, right or wrong as a test wants them, with right checksums: what a hostile sender can
/// make too. <see cref="ZfsTreeBuilder"/> makes file systems with it.
/// </summary>
internal sealed class ZfsStreamBuilder
{
    public const ulong Magic = 0x2F5bacbac;

    private readonly List<(byte[] Header, byte[] Payload)> _records = [];

    public ulong Features { get; set; } = 1 << 2;

    public uint ObjectSetType { get; set; } = 2;

    public ulong FromGuid { get; set; }

    public string Name { get; set; } = "pool/fs@snap";

    public void Object(ulong number, uint type, uint bonusType, int blockSize, byte[] bonus) =>
        Add(1, [.. bonus, .. new byte[-bonus.Length & 7]], (8, number), (16, type | ((ulong)bonusType << 32)), (24, (uint)blockSize | ((ulong)bonus.Length << 32)));

    public void FreeObjects(ulong first, ulong count) => Add(2, [], (8, first), (16, count));

    public void Write(ulong number, ulong offset, byte[] content) => Add(3, content, (8, number), (16, 19), (24, offset), (32, (ulong)content.Length));

    public void WriteCompressed(ulong number, ulong offset, int compression, int length, byte[] content)
    {
        byte[] padded = [.. content, .. new byte[-content.Length & 511]];
        Add(3, padded, (8, number), (24, offset), (32, (ulong)length), (48, (ulong)compression << 16), (96, (ulong)padded.Length));
    }

    public void WriteEmbedded(ulong number, int blockLength, int compression, int length, byte[] content) =>
        Add(8, [.. content, .. new byte[-content.Length & 7]],
            (8, number), (24, (ulong)blockLength), (40, (uint)compression), (48, (uint)length | ((ulong)content.Length << 32)));

    public void Free(ulong number, ulong offset, ulong length) => Add(4, [], (8, number), (16, offset), (24, length));

    public void Spill(ulong number, byte[] content) => Add(7, content, (8, number), (16, (ulong)content.Length));

    /// <summary>Any record: 64-bit numbers at their places in the header.</summary>
    public void Add(uint type, byte[] payload, params (int At, ulong Value)[] fields)
    {
        byte[] header = new byte[312];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        foreach (var (at, value) in fields)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(at), value);
        }
        _records.Add((header, payload));
    }

    /// <param name="end">False: without its last record.</param>
    public byte[] ToArray(bool end = true)
    {
        using var stream = new MemoryStream();
        var sum = new Sum();
        Begin(stream, sum, kind: 1, []);
        foreach (var (header, payload) in end ? _records.Append((End(), [])) : _records)
        {
            byte[] copy = [.. header];
            if (copy[0] == 5)
            {
                sum.Write(copy.AsSpan(8));
            }
            sum.Add(copy.AsSpan(0, 280));
            sum.Write(copy.AsSpan(280));
            sum.Add(copy.AsSpan(280));
            sum.Add(payload);
            stream.Write(copy);
            stream.Write(payload);
        }
        return stream.ToArray();
    }

    /// <summary>As <c>zfs send -p</c> and <c>-R</c> send: a header with properties, streams, an end.</summary>
    public byte[] ToCompound(byte[] properties, params byte[][] streams)
    {
        using var stream = new MemoryStream();
        var sum = new Sum();
        Begin(stream, sum, kind: 2, properties);
        byte[] end = End();
        sum.Write(end.AsSpan(8));
        stream.Write(end);
        foreach (byte[] each in streams)
        {
            stream.Write(each);
        }
        stream.Write(End());
        return stream.ToArray();
    }

    private static byte[] End() => [5, .. new byte[311]];

    private void Begin(MemoryStream stream, Sum sum, ulong kind, byte[] payload)
    {
        byte[] header = new byte[312];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), (uint)payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), kind | (Features << 2));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), 1_700_000_000);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), kind == 2 ? 0 : ObjectSetType);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), 4711);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), FromGuid);
        Encoding.ASCII.GetBytes(Name).CopyTo(header, 56);
        sum.Add(header);
        sum.Add(payload);
        stream.Write(header);
        stream.Write(payload);
    }

    /// <summary>The checksum in its plainest form, apart from the product's.</summary>
    private sealed class Sum
    {
        private readonly ulong[] _words = new ulong[4];

        public void Add(ReadOnlySpan<byte> data)
        {
            for (int i = 0; i + 4 <= data.Length; i += 4)
            {
                ulong carry = BinaryPrimitives.ReadUInt32LittleEndian(data[i..]);
                for (int word = 0; word < 4; word++)
                {
                    carry = _words[word] += carry;
                }
            }
        }

        public void Write(Span<byte> to)
        {
            for (int word = 0; word < 4; word++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(to[(8 * word)..], _words[word]);
            }
        }
    }
}
