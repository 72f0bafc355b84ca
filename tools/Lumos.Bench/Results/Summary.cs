namespace Lumos.Bench.Results;

/// <summary>What is shown of samples.</summary>
/// <param name="P95">The 95th percentile: of few samples, the greatest.</param>
internal sealed record Summary(int Count, double Median, double P95)
{
    public static Summary Of(IReadOnlyList<double> samples)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count);
        double[] sorted = [.. samples.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Summary(sorted.Length, median, Percentile(sorted, 95));
    }

    /// <summary>This median as a share of another's; null where that is no positive number, as memory can turn out.</summary>
    public double? RatioTo(Summary other) => other.Median > 0 && Median >= 0 ? Median / other.Median : null;

    /// <summary>Nearest rank: always a value that was measured.</summary>
    private static double Percentile(double[] sorted, int percent) => sorted[Math.Max(0, (sorted.Length * percent + 99) / 100 - 1)];
}
