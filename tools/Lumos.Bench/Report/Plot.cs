using System.Globalization;
using System.Text;
using Lumos.Bench.Results;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Report;

/// <summary>The plot of a result as SVG, drawn by gnuplot: a group of bars for each measure in milliseconds, a bar for each peer.</summary>
internal static class Plot
{
    // Colours that people who see few colours can tell apart (Okabe and Ito).
    private static readonly string[] _colours = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999"];

    /// <returns>The text of an SVG file.</returns>
    public static string Draw(BenchResult result) => Tool.Run(["gnuplot"], Script(result)).OrThrow().Output;

    internal static string Script(BenchResult result)
    {
        string[] peers = [.. result.Measured.Where(peer => peer != "host")];
        var measures = result.MeasuresTaken.Where(measure => measure.Unit == "ms").ToList();
        var text = new StringBuilder();
        text.Append("$data << END\nmeasure ").AppendJoin(' ', peers).Append('\n');
        foreach (var measure in measures)
        {
            text.Append(measure.Name).Append(' ').AppendJoin(' ', peers.Select(peer =>
                result.Of(measure.Name, peer) is { } summary ? summary.Median.ToString("0.####", CultureInfo.InvariantCulture) : "NaN")).Append('\n');
        }
        text.Append("END\n");
        text.Append("set terminal svg size 1100,520 font 'sans-serif,13' background '#ffffff'\n");
        text.Append($"set title 'median, ms (logarithmic; less is better), commit {result.Commit}'\n");
        text.Append("set style data histograms\nset style histogram clustered gap 1\nset style fill solid 1 noborder\nset boxwidth 0.9\n");
        text.Append("set logscale y\nset yrange [0.5:*]\nset grid y lc '#dddddd'\nset key outside right top\nset xtics rotate by -35 nomirror scale 0\nset border 3 lc '#888888'\n");
        text.Append("plot ").AppendJoin(", ", peers.Select((peer, i) =>
            $"$data using {i + 2}:xtic(1) title '{peer}' lc rgb '{_colours[i % _colours.Length]}'")).Append('\n');
        return text.ToString();
    }
}
