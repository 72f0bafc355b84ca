using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>A zone with the program of probe.c, up for all tests of a class.</summary>
public sealed class ProbedZone : IDisposable
{
    public ProbedZone()
    {
        Zone = new HostZone(new NoLinks());
        Zone.PutProbe();
        Zone.Runtime.Boot(Zone.Spec);
    }

    internal HostZone Zone { get; }

    public void Dispose() => Zone.Dispose();
}

/// <summary>What root in a zone must not get. Needs root, gcc and what <see cref="ZoneRuntimeHostTests"/> needs.</summary>
[Trait("level", "host")]
public sealed class EscapeHostTests(ProbedZone probed) : IClassFixture<ProbedZone>
{
    private readonly HostZone _zone = probed.Zone;

    [Theory]
    [InlineData("mknod", "EPERM")]
    [InlineData("mount debugfs", "EPERM")]
    [InlineData("mount ext4", "EPERM")]
    [InlineData("mount btrfs", "EPERM")]
    [InlineData("mount devtmpfs", "EPERM")]
    [InlineData("mount cgroup", "EPERM")]
    [InlineData("bpf", "ENOSYS")]
    [InlineData("io_uring", "ENOSYS")]
    [InlineData("keyctl", "ENOSYS")]
    [InlineData("add_key", "ENOSYS")]
    [InlineData("userfaultfd", "ENOSYS")]
    [InlineData("perf", "ENOSYS")]
    [InlineData("slices", "ENOSYS")]
    [InlineData("by_handle", "ENOSYS")]
    [InlineData("kexec", "EPERM")]
    [InlineData("module", "EPERM")]
    [InlineData("module_file", "EPERM")]
    [InlineData("unload", "EPERM")]
    [InlineData("reboot_kexec", "EINVAL")]
    [InlineData("reboot_cad", "EINVAL")]
    [InlineData("clock", "EPERM")]
    [InlineData("swapon", "EPERM")]
    [InlineData("acct", "EPERM")]
    [InlineData("iopl", "EPERM")]
    [InlineData("syslog", "EPERM")]
    [InlineData("socket 38", "EAFNOSUPPORT")]
    [InlineData("socket 40", "EAFNOSUPPORT")]
    [InlineData("socket 21", "EAFNOSUPPORT")]
    [InlineData("open /dev/mem", "ENOENT")]
    [InlineData("open /dev/kmsg", "ENOENT")]
    [InlineData("open /dev/fuse", "ENOENT")]
    [InlineData("open /proc/sys/kernel/core_pattern", "EACCES")]
    [InlineData("open /proc/sys/kernel/modprobe", "EACCES|ENOENT")] // not every kernel has modules
    [InlineData("open /proc/sys/vm/drop_caches", "EACCES")]
    [InlineData("open /proc/sys/kernel/shmmax", "EROFS")]
    [InlineData("open /proc/sysrq-trigger", "EROFS|ENOENT")]
    [InlineData("open /sys/power/state", "EROFS|EACCES")]
    public void Is_refused(string attempt, string error) => Assert.Matches($"^({error})$", _zone.Output("/probe " + attempt));

    [Theory]
    [InlineData("attach")]
    [InlineData("kill")]
    public void Processes_outside_cannot_be_reached(string attempt)
    {
        Assert.Equal("ESRCH", _zone.Output($"/probe {attempt} {Environment.ProcessId}"));
        Assert.DoesNotContain("conmon", _zone.Output("cat /proc/[0-9]*/comm"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sys/block")]
    [InlineData("/sys/class/block")]
    [InlineData("/sys/dev/block")]
    [InlineData("/sys/devices/virtual/block")]
    public void The_machines_disks_are_not_shown(string folder)
    {
        Assert.NotEmpty(Directory.GetFileSystemEntries(folder)); // there are some
        Assert.Equal("", _zone.Output($"ls -A {folder}"));
        Assert.Equal("0", _zone.Output($"ls -d {folder} > /dev/null; echo $?")); // an empty folder, which programs take for no disks; not one that is missing
        Assert.Contains("Read-only", _zone.Output($"mkdir {folder}/new"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proc/partitions")]
    [InlineData("/proc/diskstats")]
    public void The_machines_disks_are_not_counted(string file)
    {
        Assert.NotEqual("", File.ReadAllText(file).Trim());
        Assert.Equal("", _zone.Output($"cat {file}"));
    }

    [Fact]
    public void What_is_masked_is_refused_without_the_mask_too()
    {
        using var own = new ProbedZone(); // what is unmounted in it stays so
        string said = own.Zone.Output("for f in /proc/kcore /proc/sysrq-trigger /proc/timer_list; do umount $f 2> /dev/null; [ -e $f ] && /probe open $f; done; "
            + "umount /proc/sys/kernel/shmmax; /probe open /proc/sys/kernel/core_pattern");
        Assert.Matches("^((EACCES|EPERM)\n)*EACCES$", said);
    }

    [Fact]
    public void Its_own_limits_cannot_be_lifted()
    {
        string files = _zone.Output("for f in memory.max pids.max memory/memory.limit_in_bytes pids/pids.max; do [ -e /sys/fs/cgroup/$f ] && /probe open /sys/fs/cgroup/$f; done; "
            + "ls -d /sys/fs/cgroup/../cgroup");
        Assert.DoesNotContain("done", files, StringComparison.Ordinal);
        Assert.DoesNotContain(_zone.Layout.CgroupParent, _zone.Output("cat /proc/self/cgroup"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_user_namespace_belongs_to_the_zone_and_not_to_root()
    {
        int init = _zone.Runtime.Status(_zone.Name).InitPid!.Value;
        Assert.Equal($"{_zone.Spec.FirstId}", Lumos.Linux.Namespaces.Namespace.OwnerOfUser(init).ToString(System.Globalization.CultureInfo.InvariantCulture));
        string map = File.ReadAllText($"/proc/{init}/uid_map");
        Assert.Equal(["0", $"{_zone.Spec.FirstId}", "65536"], map.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
