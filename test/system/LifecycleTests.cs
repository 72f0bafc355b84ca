using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Changes and changes of state of a zone made for it.</summary>
[Collection("06 lifecycle")]
public sealed class LifecycleTests : LiveTest
{
    private readonly Guid _zone;

    public LifecycleTests(Suite suite)
        : base(suite)
    {
        _ = suite.NativeZone;
        _zone = Zone.FindByAlias("life") ?? Zone.Create(Payloads.Bare("life", suite.ImageUuid("lumos-base")));
    }

    [Fact]
    public void Limits_change_while_it_runs()
    {
        Zone.WaitForZone(_zone, Suite.Patient(60));
        string pid = Pid();
        Ok(Zone.Run("vmadm", "update", $"{_zone}", "quota=2", "cpu_cap=50", "max_physical_memory=160"));
        Assert.Equal((2L << 30).ToString(), Ok(Zone.Run("zfs", "get", "-Hp", "-o", "value", "quota", $"zones/{_zone}")));
        Assert.Equal("50000 100000", Ok(Zone.Run("cat", $"/sys/fs/cgroup/zones/{_zone}/cpu.max")));
        Assert.Equal((160L << 20).ToString(), Ok(Zone.Run("cat", $"/sys/fs/cgroup/zones/{_zone}/memory.max")));
        Assert.Equal(50, (int?)Zone.Get(_zone)!["cpu_cap"]);
        Assert.Equal(pid, Pid());
    }

    [Fact]
    public void A_refused_update_changes_nothing()
    {
        string before = Zone.Get(_zone)!["quota"]!.ToJsonString();
        Assert.Contains("quota", Fails(1, Zone.Run("vmadm", "update", $"{_zone}", "quota=much")));
        Assert.Equal(before, Zone.Get(_zone)!["quota"]!.ToJsonString());
    }

    [Fact]
    public void Starting_what_runs_is_no_error() => Ok(Zone.Run("vmadm", "start", $"{_zone}"));

    [Fact]
    public void Reboot_starts_it_anew()
    {
        Zone.WaitForZone(_zone, Suite.Patient(60));
        string pid = Pid();
        Ok(Zone.Run("vmadm", "reboot", $"{_zone}"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Assert.NotEqual(pid, Pid());
    }

    [Fact]
    public void An_init_that_is_killed_is_started_again_and_counted()
    {
        Zone.WaitForZone(_zone, Suite.Patient(60));
        string pid = Pid();
        Ok(Zone.Run("vmadm", "kill", "-s", "KILL", $"{_zone}"));
        Zone.WaitFor("another first process", Suite.Patient(60), () => Pid() is { Length: > 1 } now && now != pid);
        Zone.WaitForZone(_zone, Suite.Patient(60));
        var vm = Zone.Get(_zone)!;
        Assert.Equal((1, -9), ((int)vm["init_restarts"]!, (int)vm["exit_status"]!));
        Ok(Zone.Run("vmadm", "reboot", $"{_zone}", "-F"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Assert.Equal(0, (int)Zone.Get(_zone)!["init_restarts"]!);
    }

    [Fact]
    public void A_stop_with_a_time_stops_and_how_it_ended_is_told()
    {
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Ok(Zone.Run("vmadm", "stop", $"{_zone}", "-t", "120"));
        var vm = Zone.Get(_zone)!;
        Assert.Equal(("stopped", 0), ((string?)vm["state"], (int)vm["exit_status"]!));
        Ok(Zone.Run("vmadm", "start", $"{_zone}"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Assert.False(Zone.Get(_zone)!.AsObject().ContainsKey("exit_status"));
    }

    [Fact]
    public void A_reboot_from_inside_starts_it_anew()
    {
        string pid = Pid();
        Zone.Zlogin(_zone, "reboot");
        Zone.WaitFor("another first process", Suite.Patient(60), () => Pid() is { Length: > 1 } now && now != pid);
        Zone.WaitForZone(_zone, Suite.Patient(60));
    }

    [Fact]
    public void Stop_stops_it_and_leaves_nothing_running()
    {
        Ok(Zone.Run("vmadm", "stop", $"{_zone}"));
        var record = Zone.Get(_zone)!;
        Assert.Equal(("stopped", false), ((string?)record["state"], (bool?)record["autoboot"]));
        Assert.Equal("", Ok(Zone.Shell($"cat /sys/fs/cgroup/zones/{_zone}/cgroup.procs 2>/dev/null || true")));
        Fails(1, Zone.Run("vmadm", "reboot", $"{_zone}"));
        Ok(Zone.Run("vmadm", "stop", $"{_zone}"));
    }

    [Fact]
    public void Start_keeps_its_data()
    {
        Ok(Zone.Run("vmadm", "start", $"{_zone}"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Ok(Zone.Zlogin(_zone, "sh", "-c", "echo kept >/root/data"));
        Ok(Zone.Run("vmadm", "stop", $"{_zone}", "-F"));
        Ok(Zone.Run("vmadm", "start", $"{_zone}"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
        Assert.Equal("kept", Ok(Zone.Zlogin(_zone, "cat", "/root/data")));
    }

    [Fact]
    public void Zoneadm_halts_and_boots_and_vmadm_notices()
    {
        Ok(Zone.Run("zoneadm", "-z", $"{_zone}", "halt"));
        Zone.WaitFor("vmadm to say stopped", Suite.Patient(20), () => (string?)Zone.Get(_zone)!["state"] == "stopped");
        Ok(Zone.Run("zoneadm", "-z", $"{_zone}", "boot"));
        Zone.WaitForZone(_zone, Suite.Patient(60));
    }

    [Fact]
    public void Delete_removes_all_of_it()
    {
        Ok(Zone.Run("vmadm", "delete", $"{_zone}"));
        Fails(1, Zone.Run("vmadm", "get", $"{_zone}"));
        Fails(1, Zone.Run("zfs", "list", $"zones/{_zone}"));
        Assert.DoesNotContain($"{_zone}", Ok(Zone.Shell("cat /etc/zones/index; ls -a /etc/zones /sys/fs/cgroup/zones /run/lumos/zones /zones; ip link")));
        AssertConsistent();
    }

    /// <summary>The zone's first process as the global zone numbers it, with the time it started.</summary>
    private string Pid() => Zone.Shell($"p=$(sort -n /sys/fs/cgroup/zones/{_zone}/cgroup.procs $(find /sys/fs/cgroup/zones/{_zone} -name cgroup.procs) | grep -v '^0$' | head -1); cut -d' ' -f1,22 /proc/$p/stat").Output.Trim();
}
