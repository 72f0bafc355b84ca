using System.Buffers.Binary;
using System.Text;

namespace Lumos.LiveImage.Archive;

/// <summary>What the dynamic loader wants of a program: its interpreter and the libraries it names. 64-bit little-endian ELF only.</summary>
public sealed record ElfFile(string? Interpreter, IReadOnlyList<string> Needed)
{
    private const int TypeLoad = 1, TypeDynamic = 2, TypeInterpreter = 3;
    private static readonly byte[] Magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
    private const long TagNeeded = 1, TagStringTable = 5;

    /// <summary>Reads a file; null when it is not a 64-bit ELF program or library.</summary>
    public static ElfFile? TryRead(string path)
    {
        using var stream = File.OpenRead(path);
        byte[] magic = new byte[20];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length
            || !magic.AsSpan(0, 6).SequenceEqual(Magic)
            || BinaryPrimitives.ReadUInt16LittleEndian(magic.AsSpan(16)) is not (2 or 3)) // executable or shared object
        {
            return null;
        }
        stream.Position = 0;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes);
    }

    private static ElfFile Parse(byte[] bytes)
    {
        var headers = Segments(bytes);
        string? interpreter = headers.Where(h => h.Type == TypeInterpreter).Select(h => Text(bytes, h.Offset)).FirstOrDefault();
        var needed = new List<string>();
        if (headers.FirstOrDefault(h => h.Type == TypeDynamic) is { Size: > 0 } dynamic)
        {
            var tags = new List<(long Tag, long Value)>();
            for (long at = dynamic.Offset; at + 16 <= dynamic.Offset + dynamic.Size; at += 16)
            {
                tags.Add((Long(bytes, at), Long(bytes, at + 8)));
            }
            long address = tags.FirstOrDefault(t => t.Tag == TagStringTable).Value;
            var holder = headers.FirstOrDefault(h => h.Type == TypeLoad && address >= h.Address && address < h.Address + h.Size);
            long strings = address - holder.Address + holder.Offset;
            needed.AddRange(tags.Where(t => t.Tag == TagNeeded).Select(t => Text(bytes, strings + t.Value)));
        }
        return new ElfFile(interpreter, needed);
    }

    private static List<(int Type, long Offset, long Address, long Size)> Segments(byte[] bytes)
    {
        long table = Long(bytes, 32);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(54));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(56));
        var segments = new List<(int, long, long, long)>();
        for (int i = 0; i < count; i++)
        {
            long at = table + (long)i * size;
            segments.Add((BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((int)at)), Long(bytes, at + 8), Long(bytes, at + 16), Long(bytes, at + 32)));
        }
        return segments;
    }

    private static long Long(byte[] bytes, long at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)at));

    private static string Text(byte[] bytes, long at)
    {
        var rest = bytes.AsSpan((int)at);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
