using Lumos.Bench.Sandboxing;
using Lumos.Linux.Mounts;
using Lumos.Linux.Netlink;
using Xunit;

namespace Lumos.Dev.Tests.Bench;

/// <summary>The sandbox takes everything with it, however it ends.</summary>
[Trait("level", "host")]
public sealed class SandboxHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bench-test-").FullName;
    private readonly string _init;

    public SandboxHostTests() => _init = Ingredients.Init(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_status_of_what_ran_inside_comes_out_and_nothing_stays()
    {
        var before = Traces();
        int status = Sandbox.Run(_init, ["sh", "-c", Mess("exit 7")], CancellationToken.None);
        Assert.Equal(7, status);
        Assert.Equal(before, Traces());
    }

    [Fact]
    public async Task Being_stopped_kills_even_what_does_not_want_to_die_and_nothing_stays()
    {
        var before = Traces();
        string sign = Path.Combine(_folder, "sign");
        using var stop = new CancellationTokenSource();
        var watch = Task.Run(() =>
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(sign), TimeSpan.FromSeconds(20)), "what runs inside gave no sign");
            stop.Cancel();
        }, TestContext.Current.CancellationToken);
        Assert.Throws<OperationCanceledException>(() =>
            Sandbox.Run(_init, ["sh", "-c", Mess($"trap '' TERM INT HUP; touch {sign}; sleep 1000 & wait; sleep 1000")], stop.Token));
        await watch;
        Assert.Equal(before, Traces());
    }

    /// <summary>A bridge, a mount, a daemon, a group below ours with a process in it; then the rest.</summary>
    private static string Mess(string rest)
    {
        // Of a hierarchy that a process may enter as it is; a new cpuset may not.
        string group = Path.Combine(ControlGroups.Hierarchies().First(h => !h.Options.Contains("cpuset", StringComparison.Ordinal)).Directory, $"lumos-bench-{Environment.ProcessId}");
        return $"set -e; ip link add benchtest0 type bridge; mount -t tmpfs tmpfs /mnt; "
            + $"setsid sleep 987654 & mkdir {group}/below; echo $! > {group}/below/cgroup.procs; {rest}";
    }

    /// <summary>Links, mounts, groups and processes that a bench could have left.</summary>
    private static List<string> Traces()
    {
        using var network = NetworkStack.Open();
        return
        [
            .. network.Links().Where(link => link.Name.StartsWith("benchtest", StringComparison.Ordinal)).Select(link => "link " + link.Name),
            .. MountTable.Read().Where(mount => mount.Target == "/mnt").Select(mount => "mount " + mount.Target),
            .. ControlGroups.Hierarchies().SelectMany(h => Directory.GetDirectories(h.Directory, $"lumos-bench-{Environment.ProcessId}")).Select(group => "group " + group),
            .. Directory.GetDirectories("/proc").Where(IsOurSleep).Select(process => "process " + process),
        ];
    }

    private static bool IsOurSleep(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).StartsWith("sleep\0987654", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
