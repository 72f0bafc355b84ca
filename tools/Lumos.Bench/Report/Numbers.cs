using System.Globalization;
using Lumos.Bench.Results;

namespace Lumos.Bench.Report;

/// <summary>Numbers for people: three figures that count, no more.</summary>
internal static class Numbers
{
    public static string Of(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>"median / p95"; a single sample has no p95.</summary>
    public static string Of(Summary? summary) => summary switch
    {
        null => "–",
        { Count: 1 } => Of(summary.Median),
        _ => $"{Of(summary.Median)} / {Of(summary.P95)}",
    };

    public static string OfRatio(double? ratio) => ratio is { } value ? value.ToString("0.00", CultureInfo.InvariantCulture) : "–";
}
