using System.Diagnostics;
using Lumos.Bench.Packages;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Dev.Tests.Bench;

/// <summary>The policy at a place of the tests' own, asked as Debian's scripts ask it.</summary>
public sealed class ServicesHeldBackTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-policy-").FullName;

    private string Policy => Path.Combine(_folder, "policy-rc.d");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Services_are_held_back_for_the_command_and_for_nobody_else_and_nothing_stays()
    {
        var run = Run("sh", "-c", $"'{Policy}' some start; echo $?; env -u LUMOS_HOLDS_SERVICES '{Policy}' some start; echo $?; exit 7");
        Assert.Equal(("101\n0\n", 7), (run.Output, run.Status));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_policy_of_somebody_elses_is_asked_and_stays()
    {
        File.WriteAllText(Policy, "#!/bin/sh\nexit 104\n");
        File.SetUnixFileMode(Policy, (UnixFileMode)0b111_101_101);
        Assert.Equal("104\n", Run("sh", "-c", $"'{Policy}' some start; echo $?").Output);
        Assert.Equal("#!/bin/sh\nexit 104\n", File.ReadAllText(Policy));
    }

    [Fact]
    public void Ended_by_a_signal_it_takes_the_policy_away()
    {
        using var run = Start();
        _ = Tool.Run("kill", "-TERM", $"{run.Id}").OrThrow();
        File.WriteAllText(Path.Combine(_folder, "go"), "");
        run.WaitForExit();
        Assert.False(File.Exists(Policy));
    }

    [Fact]
    public void Killed_it_leaves_what_holds_back_nobody_but_its_own_and_goes_when_it_is_asked()
    {
        using var run = Start();
        run.Kill();
        run.WaitForExit();
        Assert.True(File.Exists(Policy));
        Assert.Equal(101, Tool.Run("env", "LUMOS_HOLDS_SERVICES=1", Policy, "some", "start").Status); // what was under way
        Assert.True(File.Exists(Policy));
        Assert.Equal(0, Tool.Run(Policy, "other", "start").Status);
        Assert.False(File.Exists(Policy));
        File.WriteAllText(Path.Combine(_folder, "go"), "");
    }

    [Fact]
    public void What_a_killed_one_left_is_taken_over()
    {
        File.WriteAllText(Policy, ""); // made, and not yet written
        Assert.Equal("101\n", Run("sh", "-c", $"'{Policy}' some start; echo $?").Output);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private ToolResult Run(params string[] command) => Tool.Run([.. ServicesHeldBack.Around(["no-such-package"], command, Policy)]);

    /// <summary>One that holds services back until there is a file "go".</summary>
    private Process Start()
    {
        string ready = Path.Combine(_folder, "ready");
        string[] words = [.. ServicesHeldBack.Around([], ["sh", "-c", $"touch '{ready}'; while [ ! -e '{_folder}/go' ] && [ -d '{_folder}' ]; do sleep 0.05; done"], Policy)];
        var run = Process.Start(new ProcessStartInfo(words[0], words[1..]))!;
        while (!File.Exists(ready))
        {
            Assert.False(run.HasExited);
            Thread.Yield();
        }
        return run;
    }
}
