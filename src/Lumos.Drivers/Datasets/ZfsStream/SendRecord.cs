using System.Buffers.Binary;

namespace Lumos.Drivers.Datasets.ZfsStream;

internal enum SendRecordType
{
    Begin,
    Object,
    FreeObjects,
    Write,
    Free,
    End,
    WriteByReference,
    Spill,
    WriteEmbedded,
    ObjectRange,
    Redact,
}

/// <summary>
/// One header of a send stream: 312 bytes, little-endian, the same for all types; what it means depends on the type. Offsets
/// as in OpenZFS's dmu_replay_record. The last 32 bytes are the checksum of all that came before (in a Begin, which has
/// none, they belong to the name).
/// </summary>
internal sealed class SendRecord
{
    public const int Length = 312, ChecksumAt = Length - 32;
    public const ulong Magic = 0x2F5bacbac;

    public byte[] Raw { get; } = new byte[Length];

    public SendRecordType Type => (SendRecordType)U32(0);

    /// <summary>The first field of most types.</summary>
    public ulong Object => U64(8);

    public Fletcher4 Checksum => Fletcher4.Read(Raw.AsSpan(ChecksumAt));

    public uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Raw.AsSpan(at));

    public ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(Raw.AsSpan(at));

    public byte U8(int at) => Raw[at];
}

/// <summary>The first record: what is sent.</summary>
internal sealed record SendBegin(string ToName, ulong ToGuid, ulong FromGuid, long CreationSeconds, SendFeatures Features, int ObjectSetType, bool Compound)
{
    public const int FileSystemType = 2, VolumeType = 3;
}

/// <summary>Feature flags of a stream, by OpenZFS's bits.</summary>
[Flags]
internal enum SendFeatures : ulong
{
    Dedup = 1 << 0,
    DedupProperties = 1 << 1,
    SaSpill = 1 << 2,
    EmbedData = 1 << 16,
    Lz4 = 1 << 17,
    LargeBlocks = 1 << 19,
    Resuming = 1 << 20,
    Redacted = 1 << 21,
    Compressed = 1 << 22,
    LargeDnode = 1 << 23,
    Raw = 1 << 24,
    Zstd = 1 << 25,
    Holds = 1 << 26,
    SwitchToLargeBlocks = 1 << 27,
    LongName = 1 << 28,
    LargeMicroZap = 1 << 29,
    Known = Dedup | DedupProperties | SaSpill | EmbedData | Lz4 | LargeBlocks | Resuming | Redacted | Compressed | LargeDnode | Raw | Zstd | Holds
        | SwitchToLargeBlocks | LongName | LargeMicroZap,
}
