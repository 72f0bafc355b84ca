using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>A zone that goes to its limits: quota 1 GiB, 128 MiB of memory, 200 processes.</summary>
[Collection("04 limits")]
public sealed class LimitTests : LiveTest
{
    private readonly Guid _zone;

    public LimitTests(Suite suite)
        : base(suite)
    {
        _ = suite.NativeZone; // its image is imported
        _zone = Zone.FindByAlias("limits") ?? Zone.Create(Payloads.Bare("limits", suite.ImageUuid("lumos-base")));
        Zone.WaitForZone(_zone, suite.Patient(60));
    }

    [Fact]
    public void A_process_that_takes_too_much_memory_is_killed_and_the_zone_lives()
    {
        var run = Zone.Zlogin(_zone, Suite.Patient(120), "sh", "-c", "tail /dev/zero");
        Assert.False(run.TimedOut);
        Assert.NotEqual(0, run.Status);
        Assert.InRange(Counter("memory.events", "oom_kill"), 1, int.MaxValue);
        Assert.Equal("alive", Ok(Zone.Zlogin(_zone, "echo", "alive")));
        Assert.Equal((128L << 20).ToString(CultureInfo.InvariantCulture), Ok(Zone.Run("cat", $"/sys/fs/cgroup/zones/{_zone}/memory.max")));
    }

    [Fact]
    public void Processes_end_at_max_lwps_and_the_zone_lives()
    {
        Zone.Zlogin(_zone, Suite.Patient(60), "sh", "-c", "n=0; while [ $n -lt 300 ]; do sleep 300 >/dev/null 2>&1 & n=$((n+1)); done");
        Assert.InRange(Counter("pids.events", "max"), 1, int.MaxValue);
        Ok(Zone.Shell($"for p in $(find /sys/fs/cgroup/zones/{_zone} -name cgroup.procs -exec cat {{}} +); do [ \"$(cat /proc/$p/comm)\" = sleep ] && kill $p; done; true"));
        Zone.WaitFor("a process in the zone again", Suite.Patient(30), () => Zone.Zlogin(_zone, "true").Status == 0);
    }

    [Fact]
    public void Writing_ends_at_the_quota_and_the_zone_lives()
    {
        // A file that does not compress, copied until there is no more room.
        var run = Zone.Zlogin(_zone, Suite.Patient(200), "sh", "-c",
            "dd if=/dev/urandom of=/root/piece bs=1M count=16 2>/dev/null; n=0; while cat /root/piece >>/root/big; do n=$((n+1)); [ $n -lt 100 ] || exit 0; done; exit 9");
        Assert.Contains("quota", Fails(9, run), StringComparison.OrdinalIgnoreCase);
        Ok(Zone.Zlogin(_zone, "rm", "-f", "/root/big", "/root/piece"));
        Zone.WaitFor("room again", Suite.Patient(60), () => Zone.Zlogin(_zone, "sh", "-c", "echo x >/root/small").Status == 0);
    }

    [Fact]
    public void Limits_change_while_the_zone_runs()
    {
        Ok(Zone.Run("vmadm", "update", $"{_zone}", "max_shm_ids=77", "max_sem_ids=78", "max_msg_ids=79", "max_locked_memory=64", "zfs_io_priority=250"));
        Assert.Equal("77", Ok(Zone.Zlogin(_zone, "cat", "/proc/sys/kernel/shmmni")));
        Assert.Equal("79", Ok(Zone.Zlogin(_zone, "cat", "/proc/sys/kernel/msgmni")));
        Assert.EndsWith("\t78", Ok(Zone.Zlogin(_zone, "cat", "/proc/sys/kernel/sem")), StringComparison.Ordinal);
        Assert.Contains($"{64L << 20}", Ok(Zone.Zlogin(_zone, "grep", "Max locked memory", "/proc/1/limits")), StringComparison.Ordinal);
        Fails(1, Zone.Zlogin(_zone, "sh", "-c", "echo 9999 >/proc/sys/kernel/shmmni || exit 1"));
    }

    [Fact]
    public void The_zone_cannot_lift_its_limits()
    {
        foreach (string file in (string[])["memory.max", "pids.max", "cpu.max"])
        {
            Fails(1, Zone.Zlogin(_zone, "sh", "-c", $"echo max >/sys/fs/cgroup/{file} || exit 1"));
        }
    }

    [Fact]
    public void A_VLAN_is_a_network_of_its_own_on_its_tag()
    {
        string cable = Ok(Zone.Shell("cd /sys/class/net/admin/brif && for port in *; do [ -e /sys/class/net/$port/device ] && echo $port; done; true"));
        var here = Zone.Create(Vlan("vlan-a", "10.77.0.1", 77));
        var there = Zone.Create(Vlan("vlan-b", "10.77.0.2", 77));
        Ok(Zone.Run("bridge", "vlan", "add", "dev", cable, "vid", "78")); // the administrator's own from now on
        var elsewhere = Zone.Create(Vlan("vlan-c", "10.77.0.3", 78));
        foreach (var zone in (Guid[])[here, there, elsewhere])
        {
            Zone.WaitForZone(zone, Suite.Patient(60));
        }
        Zone.WaitFor("an answer in the VLAN", Suite.Patient(30), () => Zone.Zlogin(here, "ping", "-c", "1", "-W", "2", "10.77.0.2").Status == 0);
        Fails(1, Zone.Zlogin(here, "ping", "-c", "2", "-W", "2", "10.77.0.3"));
        Assert.Equal([1, 77, 78], VlansOn(cable));

        // Both leave and join at once; then one leaves for good, and the last one.
        Ok(Zone.Shell($"vmadm reboot {here} -F & vmadm reboot {there} -F; kept=$?; wait $! && exit $kept"));
        Assert.Equal([1, 77, 78], VlansOn(cable));
        Zone.WaitFor("an answer again", Suite.Patient(60), () => Zone.Zlogin(here, "ping", "-c", "1", "-W", "2", "10.77.0.2").Status == 0);
        Ok(Zone.Run("vmadm", "delete", $"{there}"));
        Assert.Equal([1, 77, 78], VlansOn(cable));
        Ok(Zone.Run("vmadm", "stop", $"{here}", "-F"));
        Assert.Equal([1, 78], VlansOn(cable));
        Ok(Zone.Run("vmadm", "start", $"{here}"));
        Assert.Equal([1, 77, 78], VlansOn(cable));
        foreach (var zone in (Guid[])[here, elsewhere])
        {
            Ok(Zone.Run("vmadm", "delete", $"{zone}"));
        }
        Assert.Equal([1, 78], VlansOn(cable));
        Assert.Equal("", Ok(Zone.Run("ls", "/run/lumos/network/vlans")));
        Ok(Zone.Run("bridge", "vlan", "del", "dev", cable, "vid", "78"));
    }

    /// <summary>VLAN 1 is what bears no tag.</summary>
    private int[] VlansOn(string cable) =>
        [.. JsonNode.Parse(Ok(Zone.Run("bridge", "-j", "vlan", "show", "dev", cable)))![0]!["vlans"]!.AsArray().Select(vlan => (int)vlan!["vlan"]!)];

    private JsonObject Vlan(string alias, string ip, int vlan)
    {
        var payload = Payloads.Bare(alias, Suite.ImageUuid("lumos-base"));
        payload["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = ip, ["netmask"] = "255.255.255.0", ["vlan_id"] = vlan });
        return payload;
    }

    private int Counter(string file, string name) =>
        int.Parse(Lines(Ok(Zone.Run("cat", $"/sys/fs/cgroup/zones/{_zone}/{file}"))).Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
}
