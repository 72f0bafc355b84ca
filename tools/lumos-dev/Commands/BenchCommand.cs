using System.CommandLine;
using System.Runtime.InteropServices;
using Lumos.Bench;
using Lumos.Bench.Report;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos bench</c>: LumOS in hosted mode beside its neighbours.</summary>
internal static class BenchCommand
{
    private const string InsideName = "bench-inside";

    public static Command Create(Checkout checkout)
    {
        var quick = new Option<bool>("--quick") { Description = "Few rounds: shows that everything works, gives no figures to quote" };
        var only = new Option<string[]>("--only") { Description = "Only these measurements (comma-separated)", HelpName = "NAME" };
        var peers = new Option<string[]>("--peers") { Description = "Beside these (comma-separated); all when not given: incus,podman,lxc,nspawn,runc", HelpName = "NAMES" };
        var snapshots = new Option<int?>("--snapshots") { Description = "Snapshots of the many VMs that list-crowd and daemon-crowd are about; 10000 when not given (quick: 1000)", HelpName = "N" };
        var json = new Option<string?>("--json") { Description = "Write the result there, too", HelpName = "FILE" };
        var report = new Option<bool>("--report") { Description = "Measure nothing: write docs/benchmarks.md and its plot from the newest result in bench/results/" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing Debian packages without asking" };
        var command = new Command("bench",
            "Measure LumOS in hosted mode beside its neighbours, in a sandbox that takes everything with it; needs root. "
            + "Results are kept in bench/results/; packages of the neighbours stay installed, none of their services is started")
        { quick, only, peers, snapshots, json, report, yes };
        command.SetAction(parsed => Run(checkout, Words(parsed.GetValue(peers)), Words(parsed.GetValue(only)), parsed.GetValue(snapshots), parsed.GetValue(quick),
            parsed.GetValue(json), parsed.GetValue(report), parsed.GetValue(yes)));
        return command;
    }

    /// <summary>The same program within the sandbox.</summary>
    public static Command CreateInside()
    {
        var request = new Argument<string>("REQUEST");
        var command = new Command(InsideName) { request };
        command.Hidden = true;
        command.SetAction(parsed => InsideRun.Run(parsed.GetValue(request)!));
        return command;
    }

    private static int Run(Checkout checkout, string[] peers, string[] only, int? snapshots, bool quick, string? json, bool report, bool yes)
    {
        BenchRun.Check(peers, only);
        if (snapshots < 0)
        {
            throw new UsageException($"--snapshots is {snapshots}; it may be 0 or more");
        }
        if (report)
        {
            Prerequisites.Ensure(Need.BenchReport, yes);
            foreach (string file in ReportWriter.Write(checkout.Root))
            {
                Console.WriteLine(file);
            }
            return 0;
        }
        if (!Prerequisites.IsRoot)
        {
            throw new LumosException("NotRoot", "the bench makes namespaces, mounts and zones, which needs root; run it with sudo");
        }
        Prerequisites.Ensure(Need.Bench, yes);
        Prerequisites.MayInstall(BenchRun.MissingPackages(peers), yes);
        string hosted = HostCommands.Build(checkout);
        using var stop = new CancellationTokenSource();
        // Handled here, as the clean-up may take longer than a program is given to end.
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Stop(context, stop));
        try
        {
            string result = BenchRun.Run(new BenchOptions(peers, only, quick, hosted, Commit(checkout), BuildOptions.DefaultCacheDirectory(),
                Path.Combine(checkout.Logs, "bench"), [InsideName], snapshots), sentence => Console.Error.WriteLine("bench: " + sentence), stop.Token);
            Console.Error.WriteLine();
            Console.Write(BenchRun.Show(result));
            if (json is not null)
            {
                File.WriteAllText(json, result);
            }
            Console.Error.WriteLine($"\nThe result is kept in {BenchRun.Keep(result, Path.Combine(checkout.Root, "bench", "results"))}");
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("\nbench: stopped; everything it made is gone");
            return 130;
        }
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    /// <summary>Such as 1a2b3c4, with a plus sign when there are changes that are not committed.</summary>
    private static string Commit(Checkout checkout)
    {
        var name = Tool.Run("git", "-C", checkout.Root, "rev-parse", "--short=7", "HEAD");
        var changes = Tool.Run("git", "-C", checkout.Root, "status", "--porcelain", "--untracked-files=no");
        return name.Succeeded && changes.Succeeded ? name.Output.Trim() + (changes.Output.Length > 0 ? "+" : "") : "unknown";
    }

    private static string[] Words(string[]? values) =>
        [.. (values ?? []).SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
}
