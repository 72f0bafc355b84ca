using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Reads the records of a stream one after the other and holds them against their checksums. Whoever got a record whose
/// type carries content reads it by <see cref="ReadPayload"/> before the next record.
/// </summary>
/// <param name="input">Buffered: headers are read by themselves.</param>
internal sealed class SendStreamReader(Stream input)
{
    /// <summary>ZFS's largest block; no content of one record is longer.</summary>
    public const int LargestBlock = 16 << 20;

    private const int LargestProperties = 64 << 20;

    private byte[] _payload = new byte[1 << 17];
    private Fletcher4 _sum;
    private long _position;

    public SendRecord Record { get; } = new();

    /// <summary>What messages call the stream; the sender's name once it is known.</summary>
    public string Name { get; private set; } = "(no name yet)";

    /// <summary>Reads up to and with the Begin of the one file system; the header of a compound stream is passed over.</summary>
    public SendBegin ReadBegin()
    {
        var begin = ReadOneBegin();
        if (!begin.Compound)
        {
            return begin;
        }
        Fletcher4 before = _sum;
        ReadHeader();
        // This one End is written without a checksum of its own record.
        if (Record.Type != SendRecordType.End || Fletcher4.Read(Record.Raw.AsSpan(8)) != before)
        {
            throw Damaged("in its list of properties");
        }
        var inner = ReadOneBegin();
        return inner.Compound ? throw Invalid("holds a stream of streams within another") : inner with { Compound = true };
    }

    /// <summary>Reads the next record; the caller asks <see cref="Record"/> what it is. After the End, call <see cref="ReadEnd"/>.</summary>
    public void Read()
    {
        Fletcher4 before = _sum;
        ReadHeader();
        _sum.Add(Record.Raw.AsSpan(0, SendRecord.ChecksumAt));
        if (Record.Type == SendRecordType.Begin)
        {
            throw Invalid("begins anew before its end");
        }
        if (!Record.Checksum.IsZero && Record.Checksum != _sum)
        {
            throw Damaged(string.Create(CultureInfo.InvariantCulture, $"before byte {_position}"));
        }
        _sum.Add(Record.Raw.AsSpan(SendRecord.ChecksumAt));
        if (Record.Type == SendRecordType.End && Fletcher4.Read(Record.Raw.AsSpan(8)) != before)
        {
            throw Damaged("as its last record tells");
        }
    }

    /// <summary>The content of the current record; valid until the next call.</summary>
    public ReadOnlySpan<byte> ReadPayload(ulong length)
    {
        if (length > LargestBlock)
        {
            throw Invalid($"has a block of {length} bytes, more than ZFS's largest");
        }
        if (_payload.Length < (int)length)
        {
            _payload = new byte[(int)BitOperations.RoundUpToPowerOf2((uint)length)];
        }
        var payload = _payload.AsSpan(0, (int)length);
        ReadExactly(payload);
        _sum.Add(payload);
        return payload;
    }

    /// <summary>Makes sure that nothing but the end of the file follows.</summary>
    public void ReadEnd(bool compound)
    {
        if (compound)
        {
            ReadHeader();
            if (Record.Type == SendRecordType.Begin)
            {
                throw Invalid("holds further snapshots or file systems (zfs send -R); send one snapshot by itself");
            }
            if (Record.Type != SendRecordType.End)
            {
                throw Damaged("at its end");
            }
        }
        Span<byte> rest = stackalloc byte[4096];
        int got;
        while ((got = input.Read(rest)) > 0)
        {
            if (got >= 16 && ZfsStreamUnpacker.LooksLikeZfsStream(rest[..got]))
            {
                throw Invalid("is followed by another stream; unpack each by itself");
            }
            if (rest[..got].ContainsAnyExcept((byte)0))
            {
                throw Invalid("is followed by bytes that do not belong to it");
            }
        }
    }

    public DatasetException Invalid(string why) => new(DatasetException.StreamCode, Name, $"the ZFS stream {Name} {why}");

    private DatasetException Damaged(string where) => Invalid($"is damaged: its checksum is wrong {where}");

    private SendBegin ReadOneBegin()
    {
        _sum = default;
        ReadHeader();
        if (!ZfsStreamUnpacker.LooksLikeZfsStream(Record.Raw))
        {
            throw Invalid("is none: it does not begin as zfs send does");
        }
        if (BinaryPrimitives.ReadUInt64BigEndian(Record.Raw.AsSpan(8)) == SendRecord.Magic)
        {
            throw Invalid("was made on a big-endian machine; receive and send it again on another");
        }
        _sum.Add(Record.Raw);
        var name = Record.Raw.AsSpan(56, 256);
        int end = name.IndexOf((byte)0);
        Name = Shown(end < 0 ? name : name[..end]);
        ulong version = Record.U64(16);
        var begin = new SendBegin(
            Name, Record.U64(40), Record.U64(48), (long)Record.U64(24), (SendFeatures)((version >> 2) & ((1UL << 56) - 1)), (int)Record.U32(32),
            (version & 3) switch { 1 => false, 2 => true, _ => throw Invalid("is of an unknown kind") });
        Skip(Record.U32(4)); // properties, or what only kinds that we refuse have
        return begin;
    }

    private void ReadHeader() => ReadExactly(Record.Raw);

    private void Skip(uint length)
    {
        if (length > LargestProperties)
        {
            throw Invalid($"has a list of properties of {length} bytes");
        }
        for (uint left = length; left > 0;)
        {
            uint part = Math.Min(left, LargestBlock);
            ReadPayload(part);
            left -= part;
        }
    }

    private void ReadExactly(Span<byte> buffer)
    {
        int got = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        _position += got;
        if (got < buffer.Length)
        {
            throw Invalid(_position == 0 ? "is empty" : string.Create(CultureInfo.InvariantCulture, $"is cut short: it ends after {_position} bytes"));
        }
    }

    /// <summary>Bytes of somebody else's as text that a terminal can show.</summary>
    internal static string Shown(ReadOnlySpan<byte> bytes) =>
        string.Concat(Encoding.UTF8.GetString(bytes).Select(c => char.IsControl(c) ? '?' : c));
}
