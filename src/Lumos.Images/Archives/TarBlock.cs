using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>A header block of a tar archive: where its fields are, and the two ways in which it writes numbers.</summary>
internal readonly ref struct TarBlock(ReadOnlySpan<byte> block)
{
    public const int Size = 512;

    private readonly ReadOnlySpan<byte> _block = block;

    public byte Type => _block[156];

    public bool IsZero => !_block.ContainsAnyExcept((byte)0);

    /// <summary>Whether the block's own sum is right: the sign of that everything before was understood.</summary>
    public bool SumIsRight
    {
        get
        {
            long unsigned = 8 * ' ', signed = 8 * ' ';
            for (int i = 0; i < Size; i++)
            {
                if (i is < 148 or >= 156)
                {
                    unsigned += _block[i];
                    signed += (sbyte)_block[i];
                }
            }
            return Number(148, 8) is { } said && (said == unsigned || said == signed);
        }
    }

    public byte[] Name
    {
        get
        {
            var name = Text(0, 100);
            // The last block of star's format has its own word, and a prefix that is shorter.
            var prefix = !IsUstar ? [] : _block.Slice(508, 4).SequenceEqual("tar\0"u8) ? Text(345, 131) : Text(345, 155);
            return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
        }
    }

    public byte[] Target => Text(157, 100).ToArray();

    public long? Mode => Number(100, 8);

    public long? User => Number(108, 8);

    public long? Group => Number(116, 8);

    /// <summary>Bytes of content that follow.</summary>
    public long? Length => Number(124, 12);

    public FileTime? Modified => Number(136, 12) is { } seconds ? new FileTime(seconds, 0) : null;

    public long? DeviceMajor => HasDevices ? Number(329, 8) : 0;

    public long? DeviceMinor => HasDevices ? Number(337, 8) : 0;

    /// <summary>Of a sparse file in GNU's old format: its length with holes.</summary>
    public long? RealSize => Number(483, 12);

    /// <summary>Of the same: its map goes on in the next block.</summary>
    public bool IsExtended => _block[482] != 0;

    private bool IsUstar => _block.Slice(257, 6).SequenceEqual("ustar\0"u8);

    private bool HasDevices => IsUstar || _block.Slice(257, 8).SequenceEqual("ustar  \0"u8);

    /// <summary>
    /// A number: octal digits among blanks and NULs, or, when the first bit is set, the field itself as a number of two's complement.
    /// An empty field is 0. Null: neither.
    /// </summary>
    public long? Number(int offset, int length)
    {
        var field = _block.Slice(offset, length);
        if ((field[0] & 0x80) != 0)
        {
            Int128 value = (field[0] & 0x40) != 0 ? -1 : 0;
            value = (value << 6) | (byte)(field[0] & 0x3f);
            foreach (byte b in field[1..])
            {
                value = (value << 8) | b;
            }
            return value >= long.MinValue && value <= long.MaxValue ? (long)value : null;
        }
        field = field.Trim(" \0"u8);
        long number = 0;
        foreach (byte digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }
            number = (number << 3) | (uint)(digit - '0'); // 12 digits of 3 bits
        }
        return number;
    }

    private ReadOnlySpan<byte> Text(int offset, int length)
    {
        var field = _block.Slice(offset, length);
        int end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }
}
