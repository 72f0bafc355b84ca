using System.Globalization;
using System.Text;

namespace Lumos.Images.Tests.Archives;

/// <summary>Writes tar archives block by block, also such as no archiver would write.</summary>
internal sealed class TarBuilder
{
    private readonly List<byte> _bytes = [];

    public TarBuilder File(string name, string content = "", int mode = 0x1a4, long user = 0, long group = 0) =>
        Entry(name, '0', Encoding.UTF8.GetBytes(content), mode: mode, user: user, group: group);

    public TarBuilder Directory(string name, int mode = 0x1ed, long user = 0, long group = 0) =>
        Entry(name, '5', mode: mode, user: user, group: group);

    public TarBuilder Link(string name, string target) => Entry(name, '2', target: target, mode: 0x1ff);

    public TarBuilder HardLink(string name, string target) => Entry(name, '1', target: target);

    public TarBuilder Device(string name, char type, int major, int minor) => Entry(name, type, major: major, minor: minor);

    /// <summary>A pax header for the next entry.</summary>
    public TarBuilder Pax(params (string Key, string Value)[] records) =>
        Pax('x', [.. records.Select(r => (r.Key, Encoding.UTF8.GetBytes(r.Value)))]);

    public TarBuilder Pax(char type, params (string Key, byte[] Value)[] records)
    {
        using var all = new MemoryStream();
        foreach (var (key, value) in records)
        {
            byte[] rest = [(byte)' ', .. Encoding.UTF8.GetBytes(key), (byte)'=', .. value, (byte)'\n'];
            int length = rest.Length;
            while (length != rest.Length + $"{length}".Length)
            {
                length = rest.Length + $"{length}".Length;
            }
            all.Write(Encoding.ASCII.GetBytes($"{length}"));
            all.Write(rest);
        }
        return Entry("././@PaxHeader", type, all.ToArray());
    }

    /// <param name="says">The length that the header says; null: that of the content.</param>
    /// <param name="change">Changes the block before its sum is taken.</param>
    public TarBuilder Entry(
        string name, char type, byte[]? content = null, string target = "", int mode = 0x1a4, long user = 0, long group = 0, int major = 0, int minor = 0,
        long? says = null, Action<byte[]>? change = null, long time = 1_700_000_000)
    {
        content ??= [];
        byte[] block = new byte[512];
        Put(block, 0, 100, name);
        Octal(block, 100, 8, mode);
        Octal(block, 108, 8, user);
        Octal(block, 116, 8, group);
        Octal(block, 124, 12, says ?? content.Length);
        Octal(block, 136, 12, time);
        block[156] = (byte)type;
        Put(block, 157, 100, target);
        Put(block, 257, 8, "ustar\000");
        Octal(block, 329, 8, major);
        Octal(block, 337, 8, minor);
        change?.Invoke(block);
        block.AsSpan(148, 8).Fill((byte)' ');
        Octal(block, 148, 7, block.Sum(b => (long)b));
        Raw(block);
        Raw(content);
        return Raw(new byte[-content.Length & 511]);
    }

    public TarBuilder Raw(byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>With the two blocks of zeros that end an archive.</summary>
    public byte[] End() => [.. _bytes.ToArray(), .. new byte[1024]];

    public byte[] WithoutEnd() => _bytes.ToArray();

    public static void Octal(byte[] block, int offset, int length, long value)
    {
        if (value >= 0 && value < 1L << (3 * (length - 1)))
        {
            Put(block, offset, length, Convert.ToString(value, 8).PadLeft(length - 1, '0'));
            return;
        }
        for (int i = length - 1; i >= 0; i--, value >>= 8)
        {
            block[offset + i] = (byte)value;
        }
        block[offset] |= 0x80;
    }

    private static void Put(byte[] block, int offset, int length, string text) =>
        Encoding.Latin1.GetBytes(text).AsSpan(0, Math.Min(length, text.Length)).CopyTo(block.AsSpan(offset));

    /// <summary>A number as a decimal text.</summary>
    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
