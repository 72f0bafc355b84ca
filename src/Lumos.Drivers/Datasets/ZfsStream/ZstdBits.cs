using System.Buffers.Binary;
using System.Numerics;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>A block that contradicts zstd's format.</summary>
internal sealed class ZstdException() : Exception("damaged zstd block");

/// <summary>
/// Bits that are read from the end to the beginning, as zstd's entropy coders write them: the highest set bit of the last byte
/// marks where they begin. Before the beginning there are zeros, and <see cref="Left"/> is negative.
/// </summary>
internal ref struct ZstdBits
{
    private readonly ReadOnlySpan<byte> _bytes;

    public ZstdBits(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[^1] == 0)
        {
            throw new ZstdException();
        }
        _bytes = bytes;
        Left = ((bytes.Length - 1) * 8) + BitOperations.Log2(bytes[^1]);
    }

    public int Left { get; private set; }

    /// <param name="count">0 to 31.</param>
    public readonly uint Peek(int count)
    {
        int start = Left - count;
        if (start < 0)
        {
            return Left <= 0 || start <= -32 ? 0 : (uint)(At(0) & ((1UL << Left) - 1)) << -start;
        }
        return (uint)(At(start) & ((1UL << count) - 1));
    }

    public uint Read(int count)
    {
        uint value = Peek(count);
        Left -= count;
        return value;
    }

    public void Skip(int count) => Left -= count;

    private readonly ulong At(int bit)
    {
        int at = bit >> 3;
        if (at + 8 <= _bytes.Length)
        {
            return BinaryPrimitives.ReadUInt64LittleEndian(_bytes[at..]) >> (bit & 7);
        }
        ulong value = 0;
        for (int i = 0; at + i < _bytes.Length; i++)
        {
            value |= (ulong)_bytes[at + i] << (8 * i);
        }
        return value >> (bit & 7);
    }
}

/// <summary>A table of zstd's "finite state" coder: each state stands for a symbol and says which state may follow.</summary>
internal sealed class ZstdStates
{
    private readonly byte[] _symbols;
    private readonly byte[] _bits;
    private readonly ushort[] _bases;

    /// <param name="accuracy">The table has two to this power states.</param>
    /// <param name="frequencies">Of each symbol; −1: less than one.</param>
    public ZstdStates(int accuracy, ReadOnlySpan<short> frequencies)
    {
        Accuracy = accuracy;
        int size = 1 << accuracy, high = size;
        (_symbols, _bits, _bases) = (new byte[size], new byte[size], new ushort[size]);
        Span<int> next = stackalloc int[256];
        for (int symbol = 0; symbol < frequencies.Length; symbol++)
        {
            next[symbol] = Math.Abs((int)frequencies[symbol]);
            if (frequencies[symbol] == -1)
            {
                _symbols[--high] = (byte)symbol;
            }
        }
        int step = (size >> 1) + (size >> 3) + 3, at = 0;
        for (int symbol = 0; symbol < frequencies.Length; symbol++)
        {
            for (int i = 0; i < frequencies[symbol]; i++)
            {
                _symbols[at] = (byte)symbol;
                do
                {
                    at = (at + step) & (size - 1);
                }
                while (at >= high);
            }
        }
        if (at != 0)
        {
            throw new ZstdException();
        }
        for (int state = 0; state < size; state++)
        {
            int count = next[_symbols[state]]++;
            int bits = accuracy - BitOperations.Log2((uint)count);
            (_bits[state], _bases[state]) = ((byte)bits, (ushort)((count << bits) - size));
        }
    }

    private ZstdStates(byte symbol) => (_symbols, _bits, _bases) = ([symbol], [0], [0]);

    public int Accuracy { get; }

    /// <summary>Always the same symbol.</summary>
    public static ZstdStates Only(byte symbol) => new(symbol);

    /// <summary>Reads a description of a table; tells how many bytes it took.</summary>
    public static ZstdStates Read(ReadOnlySpan<byte> bytes, int mostAccuracy, int symbols, out int length)
    {
        int bit = 0;
        int accuracy = Forward(bytes, ref bit, 4) + 5;
        if (accuracy > mostAccuracy)
        {
            throw new ZstdException();
        }
        Span<short> frequencies = stackalloc short[symbols];
        int remaining = 1 << accuracy, symbol = 0;
        while (remaining > 0)
        {
            if (symbol >= symbols)
            {
                throw new ZstdException();
            }
            // Values that can still occur take as few bits as it needs to tell them apart; the lower ones, one less.
            int bits = BitOperations.Log2((uint)remaining + 1) + 1;
            int value = Forward(bytes, ref bit, bits), lower = (1 << (bits - 1)) - 1, threshold = (1 << bits) - 2 - remaining;
            if ((value & lower) < threshold)
            {
                bit--;
                value &= lower;
            }
            else if (value > lower)
            {
                value -= threshold;
            }
            int frequency = value - 1;
            remaining -= Math.Abs(frequency);
            frequencies[symbol++] = (short)frequency;
            for (int more = frequency == 0 ? 3 : 0; more == 3;)
            {
                more = Forward(bytes, ref bit, 2);
                symbol += more;
            }
        }
        length = (bit + 7) >> 3;
        return remaining == 0 && symbol <= symbols && length <= bytes.Length
            ? new ZstdStates(accuracy, frequencies[..symbol])
            : throw new ZstdException();
    }

    public byte Symbol(uint state) => _symbols[state];

    public uint Next(uint state, ref ZstdBits bits) => _bases[state] + bits.Read(_bits[state]);

    private static int Forward(ReadOnlySpan<byte> bytes, ref int bit, int count)
    {
        int value = 0;
        for (int i = 0; i < count; i++, bit++)
        {
            value |= (bit >> 3 < bytes.Length ? (bytes[bit >> 3] >> (bit & 7)) & 1 : 0) << i;
        }
        return bit <= (bytes.Length + 8) * 8 ? value : throw new ZstdException();
    }
}
