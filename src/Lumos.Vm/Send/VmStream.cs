using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Lumos.Vm.Send;

/// <summary>
/// The form of a VM on its way: what <c>vmadm send</c> writes and <c>vmadm receive</c> reads.
/// <code>
/// "LumosVM\n"  u32 version
/// frames: u8 kind  u32 length  payload  SHA-256 of (the digest before, kind, length, payload)
///   Header   JSON: the VM, its datasets, the streams that follow          once, first
///   Begin    the number of a stream (u32)                                 for each stream, in the header's order
///   Data     a piece of it                                                any number
///   End      how many bytes it had (u64)
///   Trailer  how many frames and bytes there were (u64, u64)              once, last
/// </code>
/// Numbers are little-endian. Digests are chained, so a frame that was changed, left out, put elsewhere or added is noticed at the
/// next digest, and nothing of a frame is used before its digest has been compared. A stream without its trailer was cut.
/// <para>
/// What is sent follows from what the receiver has (<see cref="ReceiverHoldings"/>): nothing at first, the datasets up to a snapshot with
/// -i, what came of a stream that was cut with --resume, the round before in a migration. <see cref="SendPlan"/> works it
/// out: for each dataset of the VM, one stream for each snapshot that the receiver lacks, oldest first. So a cut loses one snapshot at
/// most, and where the storage goes on inside a snapshot (ZFS) not even that.
/// </para>
/// <para>
/// The receiving side is <see cref="Receive.VmReceiver"/>; migrations (<see cref="Migrate.VmMigration"/>) are both with ssh between them.
/// A later version of the format gets another number: readers refuse a number that they do not know.
/// </para>
/// </summary>
internal static class VmStream
{
    internal const uint Version = 1;

    internal const int LongestHeader = 64 << 20, LongestFrame = 1 << 20, DigestLength = SHA256.HashSizeInBytes, PreambleLength = 12;

    internal static ReadOnlySpan<byte> Magic => "LumosVM\n"u8;

    internal static byte[] Preamble()
    {
        byte[] bytes = new byte[PreambleLength];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Magic.Length), Version);
        return bytes;
    }
}

/// <summary>What a frame is.</summary>
internal enum FrameKind : byte
{
    Header = 1,
    Begin = 2,
    Data = 3,
    End = 4,
    Trailer = 5,
}

/// <summary>The chain of digests: each covers all that came before.</summary>
internal sealed class FrameDigest
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _last = new byte[VmStream.DigestLength];

    internal ReadOnlySpan<byte> Next(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        _hash.AppendData(_last);
        _hash.AppendData(head);
        _hash.AppendData(payload);
        _hash.GetHashAndReset(_last);
        return _last;
    }
}
