using System.Runtime.InteropServices;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>The running checksum of a stream: four sums over 32-bit words, each the sum of the one before.</summary>
internal record struct Fletcher4(ulong A, ulong B, ulong C, ulong D)
{
    public static Fletcher4 Read(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        return new Fletcher4(words[0], words[1], words[2], words[3]);
    }

    public readonly bool IsZero => (A | B | C | D) == 0;

    public void Add(ReadOnlySpan<byte> data)
    {
        (ulong a, ulong b, ulong c, ulong d) = (A, B, C, D);
        foreach (uint word in MemoryMarshal.Cast<byte, uint>(data))
        {
            a += word;
            b += a;
            c += b;
            d += c;
        }
        (A, B, C, D) = (a, b, c, d);
    }
}
