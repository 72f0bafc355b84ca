using System.Buffers.Binary;
using System.IO.Compression;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>ZFS's compressions of blocks, as streams made by <c>zfs send -c</c> or <c>-e</c> carry them.</summary>
internal sealed class BlockDecompression
{
    public const int Off = 2, Lzjb = 3, Empty = 4, Gzip1 = 5, Gzip9 = 13, Zle = 14, Lz4 = 15, Zstd = 16;

    private readonly ZstdDecoder _zstd = new();

    /// <summary>Fills all of <paramref name="target"/>; false when the block is damaged.</summary>
    /// <exception cref="NotSupportedException">A compression that we do not know; the message names it.</exception>
    public bool Decompress(int kind, ReadOnlySpan<byte> source, Span<byte> target)
    {
        switch (kind)
        {
            case Off:
                return source.Length >= target.Length && source[..target.Length].TryCopyTo(target);
            case Empty:
                target.Clear();
                return true;
            case Lzjb:
                return DecompressLzjb(source, target);
            case >= Gzip1 and <= Gzip9:
                return DecompressZlib(source, target);
            case Zle:
                return DecompressZle(source, target);
            case Lz4:
                return DecompressLz4(source, target);
            case Zstd:
                return DecompressZstd(source, target);
            default:
                throw new NotSupportedException($"number {kind}");
        }
    }

    /// <summary>A length in four bytes, big-endian, four of versions, then a frame without its magic number.</summary>
    private bool DecompressZstd(ReadOnlySpan<byte> source, Span<byte> target) =>
        source.Length >= 8 && BinaryPrimitives.ReadUInt32BigEndian(source) is var length && length <= source.Length - 8
        && _zstd.TryDecompress(source.Slice(8, (int)length), target);

    private static bool DecompressZlib(ReadOnlySpan<byte> source, Span<byte> target)
    {
        try
        {
            using var inflate = new ZLibStream(new MemoryStream(source.ToArray()), CompressionMode.Decompress);
            return inflate.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) == target.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>A length in four bytes, big-endian, then one plain LZ4 block.</summary>
    private static bool DecompressLz4(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(source) is var length && length > source.Length - 4)
        {
            return false;
        }
        source = source.Slice(4, (int)length);
        int from = 0, to = 0;
        while (from < source.Length)
        {
            byte token = source[from++];
            if (!TryLength(source, ref from, token >> 4, out int literals) || literals > source.Length - from || literals > target.Length - to)
            {
                return false;
            }
            source.Slice(from, literals).CopyTo(target[to..]);
            from += literals;
            to += literals;
            if (from == source.Length)
            {
                break; // the last sequence has no match
            }
            if (source.Length - from < 2)
            {
                return false;
            }
            int distance = BinaryPrimitives.ReadUInt16LittleEndian(source[from..]);
            from += 2;
            if (!TryLength(source, ref from, token & 15, out int match) || !TryRepeat(target, ref to, distance, match + 4))
            {
                return false;
            }
        }
        return to == target.Length;
    }

    private static bool TryLength(ReadOnlySpan<byte> source, ref int from, int first, out int length)
    {
        length = first;
        if (first < 15)
        {
            return true;
        }
        byte more;
        do
        {
            if (from == source.Length || length > SendStreamReader.LargestBlock)
            {
                return false;
            }
            more = source[from++];
            length += more;
        }
        while (more == 255);
        return true;
    }

    private static bool TryRepeat(Span<byte> target, ref int to, int distance, int length)
    {
        if (distance == 0 || distance > to || length > target.Length - to)
        {
            return false;
        }
        if (distance >= length)
        {
            target.Slice(to - distance, length).CopyTo(target[to..]);
        }
        else
        {
            for (int i = to; i < to + length; i++)
            {
                target[i] = target[i - distance]; // overlaps: what was just written is repeated
            }
        }
        to += length;
        return true;
    }

    private static bool DecompressLzjb(ReadOnlySpan<byte> source, Span<byte> target)
    {
        const int matchBits = 6, matchLeast = 3;
        int from = 0, to = 0, map = 0, mask = 0x80;
        while (to < target.Length)
        {
            if ((mask <<= 1) == 0x100)
            {
                mask = 1;
                if (from == source.Length)
                {
                    return false;
                }
                map = source[from++];
            }
            if ((map & mask) == 0)
            {
                if (from == source.Length)
                {
                    return false;
                }
                target[to++] = source[from++];
                continue;
            }
            if (source.Length - from < 2)
            {
                return false;
            }
            int length = (source[from] >> (8 - matchBits)) + matchLeast;
            int distance = ((source[from] << 8) | source[from + 1]) & ((1 << (16 - matchBits)) - 1);
            from += 2;
            if (!TryRepeat(target, ref to, distance, Math.Min(length, target.Length - to)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Runs of zeros: a byte below 64 is followed by that many and one literals, others stand for zeros.</summary>
    private static bool DecompressZle(ReadOnlySpan<byte> source, Span<byte> target)
    {
        const int level = 64;
        int from = 0, to = 0;
        while (from < source.Length && to < target.Length)
        {
            int length = 1 + source[from++];
            bool literal = length <= level;
            length = literal ? length : length - level;
            if (length > target.Length - to || (literal && length > source.Length - from))
            {
                return false;
            }
            if (literal)
            {
                source.Slice(from, length).CopyTo(target[to..]);
                from += length;
            }
            else
            {
                target.Slice(to, length).Clear();
            }
            to += length;
        }
        return to == target.Length;
    }
}
