using System.Globalization;

namespace Lumos.Core;

/// <summary>A size in bytes. Written as people and ZFS do: 8G, 10 GiB, 1.5T, 512; every unit is a power of 1024.</summary>
public readonly record struct ByteCount(long Bytes) : IComparable<ByteCount>
{
    private const string Units = "BKMGTPE";

    public static ByteCount FromMebibytes(long mebibytes) => new(checked(mebibytes << 20));

    public static ByteCount FromGibibytes(long gibibytes) => new(checked(gibibytes << 30));

    public long Mebibytes => Bytes >> 20;

    public static ByteCount Parse(string text) => TryParse(text, out var count)
        ? count
        : throw new LumosException("InvalidSize", $"\"{text}\" is not a size, such as 512M, 8G or 10 GiB");

    public static bool TryParse(string? text, out ByteCount count)
    {
        count = default;
        var rest = (text ?? "").AsSpan().Trim();
        int digits = 0;
        while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.'))
        {
            digits++;
        }
        if (!decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || !TryUnit(rest[digits..].Trim(), out int power))
        {
            return false;
        }
        decimal bytes = number * (1L << (10 * power));
        if (bytes > long.MaxValue)
        {
            return false;
        }
        count = new ByteCount((long)bytes);
        return true;
    }

    /// <summary>For people: "10 GiB", "1.5 TiB", "512 B"; at most two decimals.</summary>
    public override string ToString()
    {
        var (number, unit) = Scaled();
        return unit == 0 ? $"{Bytes} B" : $"{number.ToString("0.##", CultureInfo.InvariantCulture)} {Units[unit]}iB";
    }

    /// <summary>As zfs prints: "10G", "1.50T", "512B"; three significant digits.</summary>
    public string ToShortString()
    {
        var (number, unit) = Scaled();
        if (unit == 0)
        {
            return $"{Bytes}B";
        }
        string format = number == Math.Truncate(number) ? "0" : number < 10 ? "0.00" : number < 100 ? "0.0" : "0";
        return number.ToString(format, CultureInfo.InvariantCulture) + Units[unit];
    }

    public int CompareTo(ByteCount other) => Bytes.CompareTo(other.Bytes);

    public static bool operator <(ByteCount a, ByteCount b) => a.Bytes < b.Bytes;

    public static bool operator >(ByteCount a, ByteCount b) => a.Bytes > b.Bytes;

    public static bool operator <=(ByteCount a, ByteCount b) => a.Bytes <= b.Bytes;

    public static bool operator >=(ByteCount a, ByteCount b) => a.Bytes >= b.Bytes;

    private (decimal Number, int Unit) Scaled()
    {
        decimal number = Bytes;
        int unit = 0;
        while (Math.Abs(number) >= 1024 && unit < Units.Length - 1)
        {
            number /= 1024;
            unit++;
        }
        return (number, unit);
    }

    private static bool TryUnit(ReadOnlySpan<char> unit, out int power)
    {
        power = 0;
        if (unit.IsEmpty)
        {
            return true;
        }
        power = Units.IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal);
        var tail = unit[1..];
        return power >= 0 && (tail.IsEmpty || (power > 0
            && (tail.Equals("B", StringComparison.OrdinalIgnoreCase) || tail.Equals("iB", StringComparison.OrdinalIgnoreCase))));
    }
}
