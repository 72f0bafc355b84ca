using System.Globalization;
using Lumos.Core;

namespace Lumos.Dev;

/// <summary>Sizes on the command line: a number with an optional unit (M, G, with or without iB); without one, the option's own.</summary>
internal static class Size
{
    public const long MiB = 1L << 20, GiB = 1L << 30;

    /// <summary>The size in whole <paramref name="unit"/>s, or null when the option was not given.</summary>
    public static int? Parse(string option, string? text, long unit)
    {
        if (text is null)
        {
            return null;
        }
        string digits = new([.. text.TakeWhile(char.IsAsciiDigit)]);
        long? factor = text[digits.Length..].ToUpperInvariant() switch
        {
            "" => unit,
            "M" or "MB" or "MIB" => MiB,
            "G" or "GB" or "GIB" => GiB,
            _ => null,
        };
        if (factor is null || !int.TryParse(digits, CultureInfo.InvariantCulture, out int number) || number * factor.Value % unit != 0)
        {
            throw new UsageException($"{option} is \"{text}\"; it is a number of {(unit == MiB ? "MiB" : "GiB")}, or one with a unit such as 2G");
        }
        return checked((int)(number * factor.Value / unit));
    }
}
