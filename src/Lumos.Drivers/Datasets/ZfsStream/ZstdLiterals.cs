using System.Buffers.Binary;
using System.Numerics;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>The bytes of a zstd block that are no copies: plain, one repeated, or in a Huffman code that later blocks may use again.</summary>
internal sealed class ZstdLiterals
{
    private const int LongestCode = 11, Longest = 1 << 17;

    private readonly byte[] _bytes = new byte[Longest];
    private int _length;
    private byte[]? _symbols;
    private byte[] _lengths = [];
    private int _codeBits;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Begins a new frame.</summary>
    public void Reset() => _symbols = null;

    /// <summary>Reads a section; tells how many bytes it took.</summary>
    public int Read(ReadOnlySpan<byte> block)
    {
        int kind = block[0] & 3, format = (block[0] >> 2) & 3;
        if (kind < 2)
        {
            int header = format switch { 1 => 2, 3 => 3, _ => 1 };
            _length = Size(block, 0, header) >> (header == 1 ? 3 : 4);
            if (_length > Longest)
            {
                throw new ZstdException();
            }
            if (kind == 1)
            {
                _bytes.AsSpan(0, _length).Fill(block[header]);
                return header + 1;
            }
            block.Slice(header, _length).CopyTo(_bytes);
            return header + _length;
        }
        int sizeBits = format switch { 2 => 14, 3 => 18, _ => 10 }, start = format switch { 2 => 4, 3 => 5, _ => 3 };
        long sizes = 0;
        for (int i = 0; i < start; i++)
        {
            sizes |= (long)block[i] << (8 * i);
        }
        _length = (int)(sizes >> 4) & ((1 << sizeBits) - 1);
        int packed = (int)(sizes >> (4 + sizeBits)) & ((1 << sizeBits) - 1);
        if (_length > Longest)
        {
            throw new ZstdException();
        }
        var content = block.Slice(start, packed);
        if (kind == 2)
        {
            content = content[ReadCode(content)..];
        }
        if (_symbols is null)
        {
            throw new ZstdException();
        }
        if (format == 0)
        {
            Decode(content, _bytes.AsSpan(0, _length));
        }
        else
        {
            DecodeFour(content);
        }
        return start + packed;
    }

    private void DecodeFour(ReadOnlySpan<byte> content)
    {
        int part = (_length + 3) / 4, at = 6;
        if (_length < 3 * part)
        {
            throw new ZstdException();
        }
        for (int i = 0; i < 4; i++)
        {
            int length = i < 3 ? BinaryPrimitives.ReadUInt16LittleEndian(content[(2 * i)..]) : content.Length - at;
            Decode(content.Slice(at, length), _bytes.AsSpan(i * part, i < 3 ? part : _length - (3 * part)));
            at += length;
        }
    }

    private void Decode(ReadOnlySpan<byte> content, Span<byte> target)
    {
        var bits = new ZstdBits(content);
        for (int i = 0; i < target.Length; i++)
        {
            uint code = bits.Peek(_codeBits);
            target[i] = _symbols![code];
            bits.Skip(_lengths[code]);
        }
        if (bits.Left != 0)
        {
            throw new ZstdException();
        }
    }

    /// <summary>The code is told by a weight for each symbol; the last one's follows from the others.</summary>
    private int ReadCode(ReadOnlySpan<byte> content)
    {
        Span<byte> weights = stackalloc byte[256];
        int count, taken;
        if (content[0] >= 128)
        {
            count = content[0] - 127;
            taken = 1 + ((count + 1) / 2);
            for (int i = 0; i < count; i++)
            {
                weights[i] = (byte)((i & 1) == 0 ? content[1 + (i / 2)] >> 4 : content[1 + (i / 2)] & 15);
            }
        }
        else
        {
            taken = 1 + content[0];
            count = ReadWeights(content[1..taken], weights);
        }
        int sum = 0;
        foreach (byte weight in weights[..count])
        {
            sum += weight is > LongestCode ? throw new ZstdException() : (1 << weight) >> 1;
        }
        if (sum == 0)
        {
            throw new ZstdException();
        }
        _codeBits = BitOperations.Log2((uint)sum) + 1;
        int last = (1 << _codeBits) - sum;
        if (_codeBits > LongestCode || !BitOperations.IsPow2(last))
        {
            throw new ZstdException();
        }
        weights[count++] = (byte)(BitOperations.Log2((uint)last) + 1);

        (_symbols, _lengths) = (new byte[1 << _codeBits], new byte[1 << _codeBits]);
        int at = 0;
        for (int weight = 1; weight <= _codeBits; weight++)
        {
            for (int symbol = 0; symbol < count; symbol++)
            {
                if (weights[symbol] == weight)
                {
                    int entries = 1 << (weight - 1);
                    _symbols.AsSpan(at, entries).Fill((byte)symbol);
                    _lengths.AsSpan(at, entries).Fill((byte)(_codeBits + 1 - weight));
                    at += entries;
                }
            }
        }
        return taken;
    }

    /// <summary>Two states in turn, until the bits are used up; then each has one symbol left.</summary>
    private static int ReadWeights(ReadOnlySpan<byte> content, Span<byte> weights)
    {
        var table = ZstdStates.Read(content, 6, 256, out int length);
        var bits = new ZstdBits(content[length..]);
        uint first = bits.Read(table.Accuracy), second = bits.Read(table.Accuracy);
        int count = 0;
        while (count < 254)
        {
            weights[count++] = table.Symbol(first);
            first = table.Next(first, ref bits);
            if (bits.Left < 0)
            {
                weights[count++] = table.Symbol(second);
                return count;
            }
            (first, second) = (second, first);
        }
        throw new ZstdException();
    }

    private static int Size(ReadOnlySpan<byte> block, int at, int bytes)
    {
        int value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= block[at + i] << (8 * i);
        }
        return value;
    }
}
