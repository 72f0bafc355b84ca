using Lumos.Bench.Measures;
using Lumos.Bench.Report;
using Lumos.Bench.Results;
using Xunit;

namespace Lumos.Dev.Tests.Bench;

/// <summary>
/// What is shown of a result, whole, as text. After a change that is meant: run with LUMOS_UPDATE_GOLDEN=the whole path of
/// test/Lumos.Dev.Tests/Bench/Golden and review the difference.
/// </summary>
public class ReportTests
{
    private static readonly BenchResult _result = new(
        "2026-11-20T12:00:00Z", "1a2b3c4", Quick: false,
        new HostFacts("6.12.1", "Some CPU", 2, 23.5, "Debian GNU/Linux 13 (trixie)", "version 2"), Sizes.Whole,
        [
            new PeerResult("lumos", "1a2b3c4", "Ours.", null, new Dictionary<string, string> { ["create-in-turn"] = "later", ["snapshot"] = "nobody was asked for it in this run" }),
            new PeerResult("incus", "6.0.4", "A | daemon.", null, new Dictionary<string, string>()),
            new PeerResult("podman", null, "None.", "apt said\n  no", new Dictionary<string, string> { ["list"] = "not told, as it was left out" }),
        ],
        [
            new Series("create", "lumos", [50, 60, 55]), new Series("create", "incus", [180.04, 200, 190]),
            new Series("create-in-turn", "incus", [8.3]), new Series("list", "lumos", [2.125, 2.25]), new Series("list", "incus", [210, 214]),
            new Series("memory-host", "lumos", [-12]), new Series("memory-host", "incus", [14000]),
            new Series("disk-write", "lumos", [700]), new Series("disk-write", "incus", [350]), new Series("disk-write", "host", [710]),
        ],
        [new Failure("network", "incus", "iperf3 ended\nearly")]);

    [Fact]
    public void On_a_terminal() => Golden("terminal.txt", TextReport.Of(_result));

    [Fact]
    public void On_a_page() => Golden("page.md", Page.Of(_result, "benchmarks.svg", "## Where the time goes\n\nHere.\n"));

    [Fact]
    public void What_gnuplot_is_told() => Golden("plot.gnuplot", Plot.Script(_result));

    [Fact]
    public void A_result_survives_its_file() => Assert.Equal(_result.ToJson(), BenchResult.Parse(_result.ToJson()).ToJson());

    [Fact]
    public void A_scenario_that_failed_is_taken_from_a_later_run_of_it()
    {
        var whole = _result with { Failures = [.. _result.Failures, new Failure("crowd", "lumos", "too slow")] };
        var later = _result with { Date = "2026-11-21T12:00:00Z", Commit = "5d6e7f8", Series = [new Series("list-crowd", "lumos", [14]), new Series("daemon-crowd", "lumos", [90])], Failures = [] };
        var earlier = later with { Date = "2026-11-19T12:00:00Z" };
        var elsewhere = later with { Host = later.Host with { Cpus = 64 } };
        Assert.Null(ReportWriter.Whole([elsewhere, whole, earlier])!.Of("list-crowd", "lumos"));
        var result = ReportWriter.Whole([.. new[] { later, whole, earlier }.Select(r => BenchResult.Parse(r.ToJson()))])!;
        Assert.Equal((14, 55), (result.Of("list-crowd", "lumos")!.Median, result.Of("create", "lumos")!.Median));
        Assert.Equal([new LaterRun("crowd", later.Date, later.Commit)], result.Later);
        Assert.Equal(["network"], result.Failures.Select(f => f.Scenario));
        Assert.Contains("The figures of crowd are of a run of their own: 2026-11-21T12:00:00Z, commit 5d6e7f8.", Page.Of(result, "x", ""));
    }

    private static void Golden(string name, string actual)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "Bench", "Golden");
        string folder = Environment.GetEnvironmentVariable("LUMOS_UPDATE_GOLDEN") ?? beside;
        string file = Path.Combine(folder, name);
        if (folder != beside)
        {
            File.WriteAllText(file, actual);
        }
        Assert.Equal(File.ReadAllText(file), actual);
    }
}
