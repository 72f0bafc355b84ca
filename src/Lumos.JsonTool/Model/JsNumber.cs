using System.Globalization;

namespace Lumos.JsonTool.Model;

/// <summary>Numbers as JavaScript prints them: the fewest digits that mean the same double.</summary>
internal static class JsNumber
{
    private const double ExactIntegers = 1L << 53;

    internal static string Format(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }
        if (Math.Abs(value) < ExactIntegers && value == Math.Truncate(value))
        {
            return ((long)value).ToString(CultureInfo.InvariantCulture);
        }
        // .NET finds the same digits and puts its exponent elsewhere: take its text apart and write it JavaScript's way.
        string shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = mark < 0 ? shortest : shortest[..mark];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = mantissa.Replace(".", "", StringComparison.Ordinal);
        string digits = all.TrimStart('0');
        int point = (dot < 0 ? all.Length : dot) - (all.Length - digits.Length) + exponent;
        digits = digits.TrimEnd('0');
        return (value < 0 ? "-" : "") + Place(digits, point);
    }

    /// <param name="point">How many of the digits stand before the decimal point; below 1: that many zeros follow it first.</param>
    private static string Place(string digits, int point)
    {
        if (point is > 0 and <= 21)
        {
            return digits.Length <= point ? digits.PadRight(point, '0') : $"{digits[..point]}.{digits[point..]}";
        }
        if (point is > -6 and <= 0)
        {
            return $"0.{new string('0', -point)}{digits}";
        }
        string fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
        return $"{digits[0]}{fraction}e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1)}";
    }
}
