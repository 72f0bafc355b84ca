using System.Buffers.Binary;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Decompresses zstd frames (RFC 8878) of known length, for there is no well-kept library of it in C# that compiles ahead of
/// time, and a program would cost a process a block. Dictionaries are refused; a frame's own checksum is passed over, for the
/// stream has one. All output is in one span, so the window is what has been written to it.
/// </summary>
internal sealed class ZstdDecoder
{
    private const int MostBlock = 1 << 17, LengthSymbols = 36, OffsetSymbols = 32, MatchSymbols = 53;

    private static readonly int[] _lengthBases =
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];

    private static readonly byte[] _lengthBits =
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    private static readonly int[] _matchBases =
    [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34,
        35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
    ];

    private static readonly byte[] _matchBits =
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ];

    private static readonly ZstdStates _usualLengths = new(6,
        [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1]);

    private static readonly ZstdStates _usualMatches = new(6,
    [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        -1, -1, -1, -1, -1, -1, -1,
    ]);

    private static readonly ZstdStates _usualOffsets = new(5,
        [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1]);

    private readonly ZstdLiterals _literals = new();
    private ZstdStates? _lengths, _offsets, _matches;
    private int _last1, _last2, _last3;

    /// <summary>Decompresses one frame that has no magic number; false when it is damaged or has another length.</summary>
    public bool TryDecompress(ReadOnlySpan<byte> frame, Span<byte> target)
    {
        try
        {
            return Decompress(frame, target);
        }
        catch (Exception e) when (e is ZstdException or ArgumentOutOfRangeException or IndexOutOfRangeException or ArgumentException)
        {
            return false; // lengths in the frame that lead out of it end in the checks of spans
        }
    }

    private bool Decompress(ReadOnlySpan<byte> frame, Span<byte> target)
    {
        byte descriptor = frame[0];
        bool single = (descriptor & 0x20) != 0;
        int sizeBytes = (descriptor >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        if ((descriptor & 3) != 0 || (descriptor & 8) != 0)
        {
            return false; // a dictionary, or a bit that means nothing yet
        }
        int at = 1 + (single ? 0 : 1) + sizeBytes;
        _literals.Reset();
        (_lengths, _offsets, _matches) = (null, null, null);
        (_last1, _last2, _last3) = (1, 4, 8);
        int written = 0;
        while (true)
        {
            int header = frame[at] | (frame[at + 1] << 8) | (frame[at + 2] << 16), size = header >> 3;
            at += 3;
            switch ((header >> 1) & 3)
            {
                case 0:
                    frame.Slice(at, size).CopyTo(target[written..]);
                    (at, written) = (at + size, written + size);
                    break;
                case 1:
                    target.Slice(written, size).Fill(frame[at++]);
                    written += size;
                    break;
                case 2 when size <= MostBlock:
                    DecompressBlock(frame.Slice(at, size), target, ref written);
                    at += size;
                    break;
                default:
                    return false;
            }
            if ((header & 1) != 0)
            {
                return written == target.Length;
            }
        }
    }

    private void DecompressBlock(ReadOnlySpan<byte> block, Span<byte> target, ref int written)
    {
        block = block[_literals.Read(block)..];
        var literals = _literals.Bytes;
        int count = block[0], at = 1;
        if (count >= 128)
        {
            count = count == 255 ? BinaryPrimitives.ReadUInt16LittleEndian(block[1..]) + 0x7f00 : ((count - 128) << 8) + block[1];
            at = block[0] == 255 ? 3 : 2;
        }
        if (count > 0)
        {
            byte modes = block[at++];
            _lengths = ReadTable(modes >> 6, block, ref at, _lengths, _usualLengths, 9, LengthSymbols);
            _offsets = ReadTable((modes >> 4) & 3, block, ref at, _offsets, _usualOffsets, 8, OffsetSymbols);
            _matches = ReadTable((modes >> 2) & 3, block, ref at, _matches, _usualMatches, 9, MatchSymbols);
            CopySequences(count, new ZstdBits(block[at..]), ref literals, target, ref written);
        }
        literals.CopyTo(target[written..]);
        written += literals.Length;
    }

    private void CopySequences(int count, ZstdBits bits, ref ReadOnlySpan<byte> literals, Span<byte> target, ref int written)
    {
        (ZstdStates lengths, ZstdStates offsets, ZstdStates matches) = (_lengths!, _offsets!, _matches!);
        uint length = bits.Read(lengths.Accuracy), offset = bits.Read(offsets.Accuracy), match = bits.Read(matches.Accuracy);
        for (int i = 0; i < count; i++)
        {
            int lengthSymbol = lengths.Symbol(length), offsetSymbol = offsets.Symbol(offset), matchSymbol = matches.Symbol(match);
            if (offsetSymbol > 30)
            {
                throw new ZstdException();
            }
            uint value = (1u << offsetSymbol) + bits.Read(offsetSymbol);
            int copied = _matchBases[matchSymbol] + (int)bits.Read(_matchBits[matchSymbol]);
            int plain = _lengthBases[lengthSymbol] + (int)bits.Read(_lengthBits[lengthSymbol]);
            int distance = Distance(value, plain == 0);

            literals[..plain].CopyTo(target[written..]);
            literals = literals[plain..];
            written += plain;
            if (distance <= 0 || distance > written || copied > target.Length - written)
            {
                throw new ZstdException();
            }
            if (distance >= copied)
            {
                target.Slice(written - distance, copied).CopyTo(target[written..]);
            }
            else
            {
                for (int to = written; to < written + copied; to++)
                {
                    target[to] = target[to - distance];
                }
            }
            written += copied;
            if (i < count - 1)
            {
                length = lengths.Next(length, ref bits);
                match = matches.Next(match, ref bits);
                offset = offsets.Next(offset, ref bits);
            }
        }
        if (bits.Left != 0)
        {
            throw new ZstdException();
        }
    }

    /// <summary>Values 1 to 3 stand for the last three distances; without literals before, for the second, third and the first less one.</summary>
    private int Distance(uint value, bool noLiterals)
    {
        int distance;
        if (value > 3)
        {
            distance = (int)Math.Min(value - 3, int.MaxValue);
            (_last1, _last2, _last3) = (distance, _last1, _last2);
            return distance;
        }
        switch (value + (noLiterals ? 1 : 0))
        {
            case 1:
                return _last1;
            case 2:
                (_last1, _last2) = (_last2, _last1);
                return _last1;
            case 3:
                distance = _last3;
                break;
            default:
                distance = _last1 - 1;
                break;
        }
        (_last1, _last2, _last3) = (distance, _last1, _last2);
        return distance;
    }

    private static ZstdStates ReadTable(
        int mode, ReadOnlySpan<byte> block, ref int at, ZstdStates? before, ZstdStates usual, int mostAccuracy, int symbols)
    {
        switch (mode)
        {
            case 0:
                return usual;
            case 1:
                return block[at] < symbols ? ZstdStates.Only(block[at++]) : throw new ZstdException();
            case 2:
                var table = ZstdStates.Read(block[at..], mostAccuracy, symbols, out int length);
                at += length;
                return table;
            default:
                return before ?? throw new ZstdException();
        }
    }
}
