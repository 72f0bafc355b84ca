using Lumos.Bench.Results;

namespace Lumos.Bench.Report;

/// <summary>A table of words: headings, then rows of as many words.</summary>
internal sealed record Grid(IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>What is shown of a result, on a terminal and on a page alike.</summary>
internal static class ReportTables
{
    private const int LongestGap = 500;

    /// <summary>Median and p95 of every measure and peer.</summary>
    public static Grid Values(BenchResult result) => new(
        ["measure", "unit", .. result.Measured],
        [.. result.MeasuresTaken.Select(measure => (IReadOnlyList<string>)
            [measure.TitleFor(result.Sizes), measure.Unit, .. result.Measured.Select(peer => Numbers.Of(result.Of(measure.Name, peer)))])]);

    /// <summary>The peer that ratios are of: LumOS, or without it the first.</summary>
    public static string? Subject(BenchResult result) => result.Measured.Contains("lumos") ? "lumos" : result.Measured is [var first, ..] ? first : null;

    /// <summary>The subject's median as a share of each other's, beside the targets.</summary>
    public static Grid Ratios(BenchResult result)
    {
        string subject = Subject(result) ?? "";
        string[] others = [.. result.Measured.Where(peer => peer != subject)];
        var rows = result.MeasuresTaken.Where(measure => result.Of(measure.Name, subject) is not null).Select(measure => (IReadOnlyList<string>)
        [
            measure.TitleFor(result.Sizes) + (measure.HigherIsBetter ? " (more is better)" : ""),
            .. others.Select(peer => Numbers.OfRatio(result.Of(measure.Name, peer) is { } other ? result.Of(measure.Name, subject)!.RatioTo(other) : null)),
            measure.Target is { } target ? $"≤ {Numbers.OfRatio(target)} of incus" : "",
        ]);
        return new Grid([$"{subject} ÷", .. others, "target"], [.. rows]);
    }

    /// <summary>"Debian …, kernel …": one line.</summary>
    public static string Machine(BenchResult result) =>
        $"{result.Host.System}, kernel {result.Host.Kernel}, {result.Host.Cpus} × {result.Host.Cpu}, {Numbers.Of(result.Host.MemoryGiB)} GiB, cgroups {result.Host.Cgroups}";

    /// <summary>Why there are gaps: one line each.</summary>
    public static IReadOnlyList<string> Gaps(BenchResult result) =>
    [
        .. result.Peers.Where(peer => peer.LeftOut is not null).Select(peer => $"{peer.Name} was left out: {OneLine(peer.LeftOut!)}"),
        .. result.Peers.Where(peer => peer.LeftOut is null)
            .SelectMany(peer => peer.NotOffered.Where(pair => result.MeasuresTaken.Any(measure => measure.Name == pair.Key)).GroupBy(pair => pair.Value, pair => pair.Key).Select(group => $"{peer.Name} has no {string.Join(", ", group)}: {group.Key}")),
        .. result.Failures.Select(failure => $"{failure.Peer} failed in {failure.Scenario}: {OneLine(failure.Why)}"),
    ];

    /// <summary>A program's whole complaint is in the JSON; here is room for its beginning.</summary>
    private static string OneLine(string text)
    {
        string line = string.Join(' ', text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestGap ? line : line[..LongestGap] + "…";
    }
}
