using System.CommandLine;
using System.Globalization;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.LiveImage.ZoneImages;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos test</c>: builds and runs the tests of a level; the last line is the sum.</summary>
internal static class TestCommand
{
    /// <summary>Tell the tests of level host where the compiled tree of hosted mode is, and where the zone images.</summary>
    private const string HostedPlatform = "LUMOS_HOSTED_PLATFORM", ZoneImages = "LUMOS_ZONE_IMAGES";

    /// <summary>Tell the soak how long it lasts and where its summary goes.</summary>
    private const string SoakSeconds = "LUMOS_SOAK_SECONDS", SoakSummary = "LUMOS_SOAK_SUMMARY";

    private static readonly string[] _levels = ["unit", "host", "live", "release", "soak", "all"];

    public static Command Create(Checkout checkout)
    {
        var level = new Argument<string>("LEVEL")
        {
            Description = "unit: fast, anywhere; host: needs root and this kernel; live: boots the image and drives it; release: the Debian package on stock Debians, before a release; soak: fifty hands on one hosted global zone for --duration; all (default): unit, host and live",
            DefaultValueFactory = _ => "all",
        };
        level.AcceptOnlyFromAmong(_levels);
        var only = new Option<string?>("--only") { Description = "Only tests whose full name holds this text" };
        var duration = new Option<int>("--duration") { Description = "Seconds that the soak lasts", DefaultValueFactory = _ => 600 };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing Debian packages without asking" };
        var command = new Command("test", "Run the tests; closes with \"N passed, N failed, N skipped\"") { level, only, duration, yes };
        command.SetAction(parsed => Run(checkout, parsed.GetValue(level)!, parsed.GetValue(only), parsed.GetValue(duration), parsed.GetValue(yes)));
        return command;
    }

    private static int Run(Checkout checkout, string level, string? only, int duration, bool yes)
    {
        string[] levels = level == "all" ? ["unit", "host", "live"] : [level];
        var needs = (levels.Contains("host") || levels.Contains("soak") ? Need.HostTests | Need.Machine | Need.Hosted | Need.Compile | Need.Image : Need.None)
            | (levels.Contains("live") || levels.Contains("release") ? Need.Compile | Need.Image | Need.Machine : Need.None);
        Prerequisites.Ensure(needs, yes);
        var stages = new Stages(Path.Combine(checkout.Logs, "test.log"));
        stages.Run("compile everything", () =>
        {
            var build = HostCommand.Run(["dotnet", "build", Path.Combine(checkout.Root, "Lumos.slnx"), "-v", "quiet", "--nologo"], TimeSpan.FromMinutes(15));
            stages.Note(build.Output);
            _ = build.Status == 0 ? build : throw new LumosException("BuildFailed", "the code does not compile");
        });

        var total = TestCounts.None;
        foreach (string each in levels)
        {
            if (each is "live" or "release")
            {
                // The tests build the image themselves and find it in the cache; here its progress can be seen.
                Artifacts.Build(checkout, stages, locked: false);
            }
            if (each is "host" or "live" or "release")
            {
                Artifacts.BuildImages(Artifacts.Options(checkout, stages, locked: false), stages, [.. ZoneImageBuilder.WithThePlatform, ZoneImageBuilder.Guest]);
                Environment.SetEnvironmentVariable(ZoneImages, Artifacts.ServedFolder(checkout));
            }
            if (each is "host" or "soak")
            {
                string tree = stages.Telling(() => HostedBuilder.Build(Artifacts.Options(checkout, stages, locked: false)));
                Environment.SetEnvironmentVariable(HostedPlatform, tree);
            }
            string summary = Path.Combine(checkout.Out, "test", "soak", "summary.txt");
            if (each == "soak")
            {
                Directory.CreateDirectory(Path.GetDirectoryName(summary)!);
                File.Delete(summary);
                Environment.SetEnvironmentVariable(SoakSummary, summary);
                Environment.SetEnvironmentVariable(SoakSeconds, duration.ToString(CultureInfo.InvariantCulture));
            }
            total += RunLevel(checkout, stages, each, only, duration);
            if (each == "soak" && File.Exists(summary))
            {
                Console.Out.Write(File.ReadAllText(summary));
            }
        }
        Console.Out.WriteLine(total);
        return total.Failed == 0 && total.Passed > 0 ? 0 : 1;
    }

    private static TestCounts RunLevel(Checkout checkout, Stages stages, string level, string? only, int duration)
    {
        string[] filter = level == "unit" ? ["-trait-", "level=host", "-trait-", "level=live", "-trait-", "level=machine", "-trait-", "level=soak", "-trait-", "level=release"]
            : level == "live" ? ["-trait", "level=live", "-trait-", "level=release"] : ["-trait", $"level={level}"];
        string[] named = only is null ? [] : ["-method", $"*{only}*"];
        string[] become = level is "host" or "soak" && !Prerequisites.IsRoot ? ["sudo", $"--preserve-env=PATH,DOTNET_ROOT,CI,{HostedPlatform},{ZoneImages},{SoakSeconds},{SoakSummary}", "--"] : [];
        var limit = level switch
        {
            "live" or "release" => TimeSpan.FromMinutes(45),
            "soak" => TimeSpan.FromSeconds(duration) + TimeSpan.FromMinutes(15), // what is begun is ended, and all is taken away
            _ => TimeSpan.FromMinutes(15),
        };
        var total = TestCounts.None;
        foreach (var project in TestProject.Find(checkout))
        {
            var report = stages.Run($"{level}: {project.Name}", () =>
                project.Run([.. filter, .. named], Path.Combine(checkout.Out, "test", level), become, limit));
            Tell(stages, report);
            total += report.Counts;
        }
        EndMachines(Path.Combine(checkout.Out, "test", level));
        return total;
    }

    /// <summary>Tests that were ended, as they took too long, leave their machines behind.</summary>
    private static void EndMachines(string folder)
    {
        foreach (string pidFile in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "qemu.pid", SearchOption.AllDirectories).ToList() : [])
        {
            QemuMachine.FindRunning(new MachineFolder(Path.GetDirectoryName(pidFile)!))?.PowerCut();
        }
    }

    private static void Tell(Stages stages, TestReport report)
    {
        foreach (var failure in report.Failures)
        {
            stages.Say($"FAILED {failure.Name}\n    {failure.Message.Trim().Replace("\n", "\n    ")}");
        }
        foreach (var skip in report.Skips)
        {
            stages.Say($"skipped {skip.Name}: {skip.Message.Trim()}");
        }
    }
}
