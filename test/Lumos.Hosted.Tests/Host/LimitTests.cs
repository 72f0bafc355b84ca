using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Limits that a zone runs into, and that change while it runs. This host may keep controllers on cgroup version 1.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class LimitTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void A_process_that_takes_too_much_memory_is_killed_and_the_zone_lives()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["ram"] = 96 });
        int pid = vm.Pid;
        var hog = vm.Zlogin("head -c 400M /dev/zero | tail -c 390M | wc -c");
        Assert.DoesNotContain("408944640", hog.Output);
        Assert.Equal("alive", vm.Zlogin("echo alive").OrThrow().Output.Trim());
        Assert.Equal(pid, vm.Pid);
    }

    [Fact]
    public void Processes_end_at_max_lwps_and_the_zone_lives()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["max_lwps"] = 100 });
        var crowd = vm.Zlogin("exec /bin/busybox sh -c 'n=0; while [ $n -lt 150 ]; do sleep 300 > /dev/null 2>&1 & n=$((n+1)); done; echo all'");
        Assert.DoesNotContain("all", crowd.Output);
        Wait.For("room for a process", () =>
        {
            foreach (string pid in Processes(vm).Where(p => Name(p) == "sleep"))
            {
                _root.Run(["kill", "-9", pid]);
            }
            return vm.Zlogin("true").Status == 0;
        });
        Assert.Equal("running", vm.State);
    }

    [Fact]
    public void Writing_ends_at_the_quota_and_goes_on_when_there_is_room_again()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["quota"] = 1 });
        // Most of it without writing, to be quick.
        vm.Zlogin("fallocate -l 900M /root/most").OrThrow();
        var full = vm.Zlogin("dd if=/dev/zero of=/root/big bs=1M count=300 && sync /root/big");
        Assert.NotEqual(0, full.Status);
        Assert.Matches("(?i)quota|no space", full.ErrorOutput);
        vm.Zlogin("rm /root/big /root/most; sync /root").OrThrow();
        Wait.For("room again", () => vm.Zlogin("dd if=/dev/zero of=/root/small bs=1M count=50 && sync /root/small").Status == 0);
    }

    [Fact]
    public void Limits_of_a_running_zone_are_changed_and_act_at_once()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["ram"] = 128, ["cpu_cap"] = 100, ["max_lwps"] = 200, ["quota"] = 1 });
        Assert.SkipUnless(Directory.Exists(_root.Inside("/run/lumos/cgroup1/memory")), "this host keeps its controllers on cgroup version 2; see the live tests");
        Assert.Equal((128L << 20).ToString(System.Globalization.CultureInfo.InvariantCulture), vm.Limit("memory", "memory.limit_in_bytes"));
        vm.Vmadm("update", "ram=192", "cpu_cap=50", "max_lwps=150", "quota=2").OrThrow();
        Assert.Equal((192L << 20).ToString(System.Globalization.CultureInfo.InvariantCulture), vm.Limit("memory", "memory.limit_in_bytes"));
        Assert.Equal("50000", vm.Limit("cpu", "cpu.cfs_quota_us"));
        Assert.Equal("150", vm.Limit("pids", "pids.max"));
        var now = vm.Get();
        Assert.Equal((192, 50, 150, 2), ((int)now["ram"]!, (int)now["cpu_cap"]!, (int)now["max_lwps"]!, (int)now["quota"]!));
        vm.Zlogin("fallocate -l 1500M /root/big").OrThrow();
    }

    [Fact]
    public void What_is_started_by_zlogin_is_in_the_zones_groups()
    {
        using var vm = HostedVm.Native(_root);
        vm.Zlogin("sleep 300 > /dev/null 2>&1 &").OrThrow();
        string? sleeper = null;
        Wait.For("what was started", () => (sleeper = Processes(vm).FirstOrDefault(p => Name(p) == "sleep")) is not null);
        string of = File.ReadAllText($"/proc/{sleeper}/cgroup");
        Assert.All(Directory.GetDirectories(_root.Inside("/run/lumos/cgroup1")).Select(d => Path.GetFileName(d)), controller =>
            Assert.Contains(of.Split('\n'), l => l.Contains($":{controller}:", StringComparison.Ordinal) && l.Contains(vm.Uuid, StringComparison.Ordinal)));
        Assert.Contains(of.Split('\n'), l => l.StartsWith("0::", StringComparison.Ordinal) && l.Contains(vm.Uuid, StringComparison.Ordinal));
    }

    /// <summary>All processes of a zone, by its group of version 2.</summary>
    private string[] Processes(HostedVm vm) =>
        [.. Directory.EnumerateFiles(_root.Inside($"/sys/fs/cgroup/zones/{vm.Uuid}"), "cgroup.procs", SearchOption.AllDirectories).SelectMany(File.ReadAllLines)];

    private static string Name(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
