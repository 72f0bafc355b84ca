using System.Globalization;

namespace Lumos.Zones.Configure;

/// <summary>Numbers as zonecfg takes and shows them: bytes with a scale, CPUs as a fraction.</summary>
public static class ConfigUnits
{
    private const string Scales = "KMGT";

    /// <summary>50m, 1G, 104857600: bytes; null: not a number.</summary>
    public static long? Bytes(string text)
    {
        int scale = text.Length > 0 ? Scales.IndexOf(char.ToUpperInvariant(text[^1])) : -1;
        string digits = scale < 0 ? text : text[..^1];
        return decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && number * (1L << (10 * (scale + 1))) is var bytes && bytes <= long.MaxValue
            ? (long)bytes
            : null;
    }

    /// <summary>With the largest scale that needs no fraction.</summary>
    public static string Bytes(long bytes)
    {
        int scale = -1;
        while (scale < Scales.Length - 1 && bytes > 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            scale++;
        }
        return bytes.ToString(CultureInfo.InvariantCulture) + (scale < 0 ? "" : Scales[scale]);
    }

    /// <summary>1.25 CPUs as percent of one: 125; null: not a number above 0.</summary>
    public static long? Percent(string cpus) =>
        decimal.TryParse(cpus, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && Math.Round(number * 100, MidpointRounding.AwayFromZero) is >= 1 and <= int.MaxValue and var percent
            ? (long)percent
            : null;

    public static string Cpus(long percent) => (percent / 100m).ToString("0.00", CultureInfo.InvariantCulture);

    public static bool IsCount(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
