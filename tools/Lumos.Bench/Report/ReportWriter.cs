using Lumos.Bench.Results;
using Lumos.Core;

namespace Lumos.Bench.Report;

/// <summary><c>./lumos bench --report</c>: the page and its plot from the newest result that is kept.</summary>
public static class ReportWriter
{
    /// <param name="checkout">The root of the checkout.</param>
    /// <returns>The files that were written.</returns>
    public static IReadOnlyList<string> Write(string checkout)
    {
        string results = Path.Combine(checkout, "bench", "results");
        var all = Order(Directory.Exists(results) ? Directory.GetFiles(results, "*.json") : []).Select(BenchResult.Load).ToList();
        var result = Whole(all) ?? throw new LumosException("NoResults", $"{results} holds no result; ./lumos bench makes one");
        string explanation = Path.Combine(checkout, "bench", "explanation.md");
        string page = Path.Combine(checkout, "docs", "benchmarks.md"), plot = Path.Combine(checkout, "docs", "benchmarks.svg");
        File.WriteAllText(plot, Plot.Draw(result));
        File.WriteAllText(page, Page.Of(result, Path.GetFileName(plot), File.Exists(explanation) ? File.ReadAllText(explanation) : ""));
        return [page, plot];
    }

    /// <summary>Best first: names begin with the date, and a whole run goes before a quick one, however old.</summary>
    internal static IEnumerable<string> Order(IEnumerable<string> files) =>
        files.OrderByDescending(file => !Path.GetFileNameWithoutExtension(file).EndsWith("-quick", StringComparison.Ordinal))
            .ThenByDescending(Path.GetFileName, StringComparer.Ordinal);

    /// <summary>The newest run of everything, with what it lacks from runs of single measures that came after it.</summary>
    internal static BenchResult? Whole(IReadOnlyList<BenchResult> results) => results is [var first, ..]
        ? (results.FirstOrDefault(result => result.MeasuresTaken.Any(measure => measure.Name == "create")) ?? first).WithLater(results)
        : null;
}
