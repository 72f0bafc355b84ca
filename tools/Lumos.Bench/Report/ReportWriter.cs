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
        string newest = Newest(Directory.Exists(results) ? Directory.GetFiles(results, "*.json") : [])
            ?? throw new LumosException("NoResults", $"{results} holds no result; ./lumos bench makes one");
        var result = BenchResult.Load(newest);
        string explanation = Path.Combine(checkout, "bench", "explanation.md");
        string page = Path.Combine(checkout, "docs", "benchmarks.md"), plot = Path.Combine(checkout, "docs", "benchmarks.svg");
        File.WriteAllText(plot, Plot.Draw(result));
        File.WriteAllText(page, Page.Of(result, Path.GetFileName(plot), File.Exists(explanation) ? File.ReadAllText(explanation) : ""));
        return [page, plot];
    }

    /// <summary>Names begin with the date. A whole run goes before a quick one, however old.</summary>
    internal static string? Newest(IEnumerable<string> files) =>
        files.OrderBy(file => !Path.GetFileNameWithoutExtension(file).EndsWith("-quick", StringComparison.Ordinal))
            .ThenBy(Path.GetFileName, StringComparer.Ordinal).LastOrDefault();
}
