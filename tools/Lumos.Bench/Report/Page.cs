using System.Text;
using Lumos.Bench.Results;

namespace Lumos.Bench.Report;

/// <summary>docs/benchmarks.md, written anew from one result and the prose in bench/explanation.md.</summary>
internal static class Page
{
    /// <param name="explanation">Where the time goes, in somebody's words; kept beside the results.</param>
    public static string Of(BenchResult result, string plot, string explanation)
    {
        var text = new StringBuilder();
        text.Append("# Benchmarks\n\n");
        text.Append("`./lumos bench --report` writes this page from the newest whole run in `bench/results/`; change `bench/explanation.md` and the code, not this file.\n");
        text.Append($"\n{result.Date}, commit {result.Commit}{(result.Quick ? ", a quick run: too few samples for claims" : "")}. {ReportTables.Machine(result)}.\n\n");
        foreach (var later in result.Later)
        {
            text.Append($"The figures of {later.Scenario} are of a run of their own: {later.Date}, commit {later.Commit}.\n\n");
        }
        text.Append("All peers run side by side on one btrfs file system (a file on a loop device), from one Debian 13 root, with one small static program as init and a NIC on a bridge each. ");
        text.Append("They take turns, so that whatever else the machine did fell on all of them; the first rounds are not counted. ");
        text.Append("A zone runs when its init has noted the time of its own start. A command's time is that of the whole process, as a user waits for it.\n\n");
        Write(text, new Grid(["peer", "version", "what to know"],
            [.. result.Peers.Where(peer => peer.LeftOut is null).Select(peer => (IReadOnlyList<string>)[peer.Name, peer.Version ?? "", peer.Note])]));
        text.Append($"\n![Median of each measure and peer, on a logarithmic scale]({plot})\n");
        text.Append("\n## Medians and 95th percentiles\n\n");
        Write(text, ReportTables.Values(result));
        if (ReportTables.Ratios(result) is { Rows.Count: > 0, Headings.Count: > 2 } ratios)
        {
            text.Append($"\n## {ReportTables.Subject(result)} as a share of its neighbours\n\nRatios of medians.\n\n");
            Write(text, ratios);
        }
        if (ReportTables.Gaps(result) is { Count: > 0 } gaps)
        {
            text.Append("\n## What was not measured\n\n").AppendJoin('\n', gaps.Select(gap => "- " + gap)).Append('\n');
        }
        text.Append('\n').Append(explanation.Trim()).Append('\n');
        return text.ToString();
    }

    private static void Write(StringBuilder text, Grid grid)
    {
        text.Append("| ").AppendJoin(" | ", grid.Headings).Append(" |\n|").Append(string.Concat(grid.Headings.Select(_ => "---|"))).Append('\n');
        foreach (var row in grid.Rows)
        {
            text.Append("| ").AppendJoin(" | ", row.Select(word => word.Replace("|", "\\|"))).Append(" |\n");
        }
    }
}
