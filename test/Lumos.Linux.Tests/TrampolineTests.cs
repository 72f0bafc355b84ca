using Lumos.Linux.Cgroups;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Linux.Tests;

[Trait("level", "host")]
public class TrampolineTests
{
    public TrampolineTests() => Trampoline.PathOverride = LumosInitProgram.Path;

    private static (int Status, string Text) Run(SpawnRequest request)
    {
        using var pipe = Pipe.Create();
        using var child = ChildProcess.Start(request with { Output = pipe.Write, ErrorOutput = pipe.Write });
        pipe.Write.Dispose();
        string text = System.Text.Encoding.UTF8.GetString(pipe.Read.ReadToEnd());
        return (child.Wait(), text);
    }

    [Fact]
    public void The_child_has_its_user_groups_limits_and_umask()
    {
        var (status, text) = Run(new SpawnRequest
        {
            Argv = ["sh", "-c", "id -u; id -g; id -G; ulimit -n; ulimit -c; umask; nice; cat /proc/self/status | grep SigIgn; exit 3"],
            User = 1234, Group = 1235, Groups = [5, 6], Umask = 0x17, Nice = 4,
            ResourceLimits = new Dictionary<string, string> { ["nofile"] = "77", ["core"] = "unlimited" },
        });
        Assert.Equal("1234\n1235\n1235 5 6\n77\nunlimited\n0027\n4\nSigIgn:\t0000000000000000\n", text);
        Assert.Equal(3, status);
    }

    [Fact]
    public void What_cannot_be_done_is_said_and_nothing_is_run()
    {
        var (status, text) = Run(new SpawnRequest { Argv = ["echo", "ran"], Cgroup = "/no/such/group" });
        Assert.Equal(127, status);
        Assert.Contains("/no/such/group/cgroup.procs", text);
        Assert.DoesNotContain("ran", text);
    }

    [Fact]
    public void A_child_is_born_into_its_cgroup_and_dies_with_it()
    {
        string root = MountTable.Read().First(m => m.Type == "cgroup2").Target;
        var group = new Cgroup(Path.Combine(root, $"lumos-test-{Environment.ProcessId}")).Create();
        try
        {
            using var pipe = Pipe.Create();
            using var child = ChildProcess.Start(new SpawnRequest
            {
                Argv = ["sh", "-c", "setsid sleep 1000 & echo ready; sleep 1000"], Cgroup = group.Path, Output = pipe.Write,
            });
            pipe.Write.Dispose();
            Assert.Equal(6, pipe.Read.Read(new byte[16]));
            Assert.True(group.IsPopulated());
            Assert.Contains(child.Pid, group.Processes());
            Assert.EndsWith(group.Name, Cgroup.Of(child.Pid));
            Assert.False(group.WaitUntilEmpty(TimeSpan.FromMilliseconds(10)));
            group.Child("sub").Create();
            group.Destroy(TimeSpan.FromSeconds(10));
            Assert.Equal(128 + 9, child.Wait());
            Assert.False(group.Exists);
        }
        finally
        {
            group.Destroy(TimeSpan.FromSeconds(10));
        }
    }
}
