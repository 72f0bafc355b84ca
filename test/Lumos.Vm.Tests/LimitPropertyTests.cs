using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Limits and privileges: what is stored, what reaches the zone, what is bent and said.</summary>
public sealed class LimitPropertyTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Limits_of_IPC_and_IO_are_live()
    {
        string uuid = _machine.Create();
        var run = _machine.Vmadm("""{"max_shm_memory": 64, "max_shm_ids": 10, "max_sem_ids": 20, "max_msg_ids": 30, "zfs_io_priority": 300, "max_locked_memory": 100}""", "update", uuid);
        Assert.Equal((0, $"max_locked_memory, max_shm_memory, max_shm_ids, max_sem_ids, max_msg_ids, zfs_io_priority: live\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        var limits = _machine.Runtime.LastLimits!;
        Assert.Equal(new Zones.ZoneIpc(64L << 20, 10, 20, 30), limits.Ipc);
        Assert.Equal((300, 100L << 20), (limits.IoPriority, limits.LockedBytes));
        _machine.Vmadm("""{"max_shm_memory": 0, "max_shm_ids": null, "zfs_io_priority": ""}""", "update", uuid);
        Assert.Equal(new Zones.ZoneIpc(null, 4096, 20, 30), _machine.Runtime.LastLimits!.Ipc);
        Assert.Equal(100, (int)_machine.Get(uuid)["zfs_io_priority"]!);
    }

    [Theory]
    [InlineData("\"max_shm_ids\": 100000", "max_shm_ids: 100000 given, 32768 used (it cannot be more)")]
    [InlineData("\"zfs_io_priority\": 20000", "zfs_io_priority: 20000 given, 10000 used (it cannot be more)")]
    [InlineData("\"max_physical_memory\": 0", "max_physical_memory: 0 given, 256 used (it cannot be less than 1)")]
    [InlineData("\"ram\": 128, \"max_physical_memory\": 512", "ram: 128 given, 512 used (it is max_physical_memory, which is given too)")]
    [InlineData("\"max_swap\": 100", "max_swap: 100 given, 256 used")]
    [InlineData("\"limit_priv\": [\"default\", \"dtrace_user\"]", "limit_priv: dtrace_user given, nothing used")]
    [InlineData("\"fs_allowed\": \"tmpfs,ufs\"", "fs_allowed: ufs given, nothing used (only the machine's root can mount it on Linux")]
    public void A_value_that_is_bent_is_named_with_what_is_used_and_refused_by_strict(string property, string said)
    {
        string payload = $$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", {{property}}}""";
        var run = _machine.Vmadm(payload, "create");
        Assert.Equal(0, run.Status);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        var strict = _machine.Vmadm(payload, "create", "--strict");
        Assert.Equal(1, strict.Status);
        Assert.Contains(said, strict.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Privileges_wait_for_the_next_boot()
    {
        string uuid = _machine.Create();
        var run = _machine.Vmadm("""{"limit_priv": "default,-net_rawaccess,!proc_chroot", "fs_allowed": ["fuse"]}""", "update", uuid);
        Assert.Equal((0, $"limit_priv, fs_allowed: takes effect when the VM is next started or rebooted by vmadm\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        Assert.Equal("""["default","-net_rawaccess","!proc_chroot"]""", _machine.Get(uuid)["limit_priv"]!.ToJsonString());
        Zones.ZoneSpec? booted = null;
        _machine.Runtime.OnBoot = spec => booted = spec;
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.DoesNotContain("CAP_NET_RAW", booted!.Capabilities);
        Assert.DoesNotContain("CAP_SYS_CHROOT", booted.Capabilities);
        Assert.Contains("CAP_NET_ADMIN", booted.Capabilities);
        Assert.Equal(["fuse"], booted.FsAllowed);
    }

    [Theory]
    [InlineData("default,no_such", "\"no_such\" is no privilege")]
    [InlineData("default,proc_zone", "\"proc_zone\" cannot be given to a zone")]
    [InlineData("default,!sys_mount", "without \"sys_mount\" a zone cannot boot")]
    [InlineData("basic", "without \"sys_ip_config\" a zone cannot boot")]
    public void Privileges_that_cannot_be_are_refused(string set, string why)
    {
        var run = _machine.Vmadm($$"""{"limit_priv": "{{set}}"}""", "update", _machine.Create());
        Assert.Equal(1, run.Status);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tmpfs_and_routes_reach_the_running_zone()
    {
        string uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}], "routes": {"10.1.0.0/16": "10.0.0.1"}""");
        var run = _machine.Vmadm("""{"tmpfs": 64, "set_routes": {"10.2.0.0/16": "10.0.0.2"}, "remove_routes": ["10.1.0.0/16"]}""", "update", uuid);
        Assert.Equal((0, $"tmpfs, routes: live\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        Assert.Equal([$"tmpfs {uuid} 64", $"routes {uuid} -10.1.0.0/16 +10.2.0.0/16"], _machine.Runtime.Calls.TakeLast(2));
        Assert.Contains("tmpfs: takes effect when", _machine.Vmadm("""{"tmpfs": 0}""", "update", uuid).Error, StringComparison.Ordinal);
    }
}
