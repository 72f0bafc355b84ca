using System.CommandLine;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos test</c>: builds and runs the tests of a level; the last line is the sum.</summary>
internal static class TestCommand
{
    /// <summary>Tells the tests of level host where the compiled tree of hosted mode is.</summary>
    private const string HostedPlatform = "LUMOS_HOSTED_PLATFORM";

    private static readonly string[] _levels = ["unit", "host", "live", "all"];

    public static Command Create(Checkout checkout)
    {
        var level = new Argument<string>("LEVEL")
        {
            Description = "unit: fast, anywhere; host: needs root and this kernel; live: boots the image and drives it; all (default)",
            DefaultValueFactory = _ => "all",
        };
        level.AcceptOnlyFromAmong(_levels);
        var only = new Option<string?>("--only") { Description = "Only tests whose full name holds this text" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing Debian packages without asking" };
        var command = new Command("test", "Run the tests; closes with \"N passed, N failed, N skipped\"") { level, only, yes };
        command.SetAction(parsed => Run(checkout, parsed.GetValue(level)!, parsed.GetValue(only), parsed.GetValue(yes)));
        return command;
    }

    private static int Run(Checkout checkout, string level, string? only, bool yes)
    {
        string[] levels = level == "all" ? ["unit", "host", "live"] : [level];
        var needs = (levels.Contains("host") ? Need.HostTests | Need.Machine | Need.Hosted | Need.Compile : Need.None)
            | (levels.Contains("live") ? Need.Compile | Need.Image | Need.Machine : Need.None);
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
            if (each == "live")
            {
                // The tests build the image themselves and find it in the cache; here its progress can be seen.
                Artifacts.Build(checkout, stages, locked: false);
            }
            if (each == "host")
            {
                string tree = stages.Telling(() => HostedBuilder.Build(Artifacts.Options(checkout, stages, locked: false)));
                Environment.SetEnvironmentVariable(HostedPlatform, tree);
            }
            total += RunLevel(checkout, stages, each, only);
        }
        Console.Out.WriteLine(total);
        return total.Failed == 0 && total.Passed > 0 ? 0 : 1;
    }

    private static TestCounts RunLevel(Checkout checkout, Stages stages, string level, string? only)
    {
        string[] filter = level == "unit" ? ["-trait-", "level=host", "-trait-", "level=live", "-trait-", "level=machine"] : ["-trait", $"level={level}"];
        string[] named = only is null ? [] : ["-method", $"*{only}*"];
        string[] become = level == "host" && !Prerequisites.IsRoot ? ["sudo", $"--preserve-env=PATH,DOTNET_ROOT,CI,{HostedPlatform}", "--"] : [];
        var limit = level == "live" ? TimeSpan.FromMinutes(40) : TimeSpan.FromMinutes(10);
        var total = TestCounts.None;
        foreach (var project in TestProject.Find(checkout))
        {
            var report = stages.Run($"{level}: {project.Name}", () =>
                project.Run([.. filter, .. named], Path.Combine(checkout.Out, "test", level), become, limit));
            Tell(stages, report);
            total += report.Counts;
        }
        return total;
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
