using System.Text;
using Lumos.Bench.Results;

namespace Lumos.Bench.Report;

/// <summary>The result on a terminal.</summary>
internal static class TextReport
{
    public static string Of(BenchResult result)
    {
        var text = new StringBuilder();
        text.Append($"{result.Date}, commit {result.Commit}{(result.Quick ? ", a quick run: too few samples for claims" : "")}\n{ReportTables.Machine(result)}\n\n");
        foreach (var peer in result.Peers.Where(peer => peer.LeftOut is null))
        {
            text.Append($"{peer.Name,-7} {peer.Version,-14} {peer.Note}\n");
        }
        text.Append('\n').Append("median / p95\n");
        Write(text, ReportTables.Values(result));
        if (ReportTables.Ratios(result) is { Rows.Count: > 0, Headings.Count: > 2 } ratios)
        {
            text.Append('\n');
            Write(text, ratios);
        }
        if (ReportTables.Gaps(result) is { Count: > 0 } gaps)
        {
            text.Append('\n').AppendJoin('\n', gaps).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Words to the left, numbers (everything after the unit) to the right.</summary>
    private static void Write(StringBuilder text, Grid grid)
    {
        int[] widths = [.. grid.Headings.Select((heading, i) => grid.Rows.Select(row => row[i].Length).Append(heading.Length).Max())];
        int left = grid.Headings[1] == "unit" ? 2 : 1;
        foreach (var row in grid.Rows.Prepend(grid.Headings))
        {
            text.Append(string.Join("  ", row.Select((word, i) => i < left ? word.PadRight(widths[i]) : word.PadLeft(widths[i]))).TrimEnd()).Append('\n');
        }
    }
}
