namespace Lumos.Zones.Bundle;

// Purpose. What a zone may do, as data: capabilities, system calls, paths, devices, switches of the kernel. OciBundle writes it into
// config.json; a golden file shows it whole; test/Lumos.Zones.Tests/Host/Escape*.cs and Bomb*.cs try to break out of it.
//
// Who attacks. Root inside a zone, with the machine's kernel before it: it reads and writes all of the zone's disk, loads any program,
// owns every namespace of the zone, and wants the machine, another zone, or its neighbours' time.
//
// The fences, the hard ones first:
//   1. The user namespace. Root inside is an ordinary number outside, of a range that no other zone has. Whatever the kernel gives to
//      "root" alone it gives to numbers that it knows; none is of a zone. The namespace is made by us and owned by the first number
//      of the zone's range (as Lumos.Linux.Namespaces.UserNamespace can), so what the kernel counts for each user (inotify instances and watches, namespaces,
//      pending signals, bytes of message queues) it counts for each zone, and one cannot use up another's.
//   2. The cgroup: memory (with what the kernel holds for the zone: files, sockets, terminals, watches), threads, CPU. It is the zone's root
//      cgroup, delegated: it may make groups below, and lift no limit above. Its namespace hides that there is anything above.
//   3. The filter of system calls, for what a user namespace does not fence well: it cannot be taken off and holds for all children.
//   4. Capabilities: a machine's root less what the kernel gives only to the machine's root anyway, and less what limit_priv takes
//      away (Privileges). Taken out of the bounding set, they are gone for good.
//   5. No device can be opened but the handful that a runtime makes (null, zero, full, random, urandom, tty): every mount of the zone
//      bears nodev, a user namespace makes no nodes, and where the runtime can, a cgroup filter says it again.
// Not fences, only good manners: paths that are masked or read-only. They are mounts of the zone's own namespace, and a root with
// CAP_SYS_ADMIN may take them off; what lies under them is refused to it by the first fence. They keep programs from reading what is the
// machine's and from turning what would turn nothing: a list of the machine's disks misleads a program, and tells root in a zone names and
// sizes, no content (who takes the masks off, or walks through /sys/devices/pci*, finds them). So the limits of System V IPC bind programs, not a root that wants to lift them: what
// binds that one is the memory limit, which counts every shared page.
//
// What is left open, knowingly: nested user namespaces (containers in zones, browsers) and with them more of the kernel than a
// service would need; a 32-bit program can open the absent socket families through socketcall(2), which no filter can look into.
//
// Failure. A runtime that cannot apply a part refuses the container, and the zone does not boot.

/// <summary>What a zone may do.</summary>
public static partial class SecurityProfile
{
    /// <summary>What root may do inside, unless limit_priv takes some of it away.</summary>
    public static IReadOnlyList<string> Capabilities { get; } =
    [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_NICE", "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_SYS_TTY_CONFIG",
    ];

    /// <summary>All of them, in the order of the kernel's table in capabilities(7).</summary>
    public static IReadOnlyList<string> Namespaces { get; } = ["user", "mount", "pid", "network", "ipc", "uts", "cgroup"];

    /// <summary>
    /// Not to be seen. The machine's disks are among it: a zone has none of them, and programs that look there believe they have (cloud-init
    /// mounts /dev/vdb where /sys/block/vdb is). What looks a file's disk up by its number, as databases do for a block size, finds none there
    /// either way: file systems of ZFS and btrfs have numbers of their own.
    /// </summary>
    public static IReadOnlyList<string> MaskedPaths { get; } =
    [
        "/proc/acpi", "/proc/asound", "/proc/diskstats", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/partitions", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/block", "/sys/class/block", "/sys/dev/block", "/sys/devices/virtual/block", "/sys/firmware",
    ];

    /// <summary>
    /// Not to be written. What remains writable under /proc/sys belongs to the zone's own namespaces, and the kernel refuses the rest; of
    /// those, the limits of System V IPC are set for the zone from outside.
    /// </summary>
    public static IReadOnlyList<string> ReadOnlyPaths { get; } =
    [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger",
        "/proc/sys/kernel/msgmni", "/proc/sys/kernel/sem", "/proc/sys/kernel/shmall", "/proc/sys/kernel/shmmax", "/proc/sys/kernel/shmmni",
    ];

    /// <summary>
    /// Switches of the zone's own namespaces. Whoever is in the zone may ping; what systemd would set reaches beyond the zone's ids, and is
    /// refused.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Switches { get; } =
        [KeyValuePair.Create("net.ipv4.ping_group_range", "0 65535")];

    /// <summary>How many files a process may have open.</summary>
    public const int OpenFiles = 65_536;

    /// <summary>How many terminals the zone's /dev/pts hands out: the machine has a number of them for all.</summary>
    public const int Terminals = 1024;

    /// <summary>
    /// Devices that a zone has beside those that every zone has. What /dev/zfs lets a zone do, ZFS decides by the user namespace: with
    /// the datasets that were given to it whatever can be done with datasets, of all else it shows the names on the way there. A
    /// zone without a dataset has no use for it.
    /// </summary>
    public static IEnumerable<ZoneDevice> DevicesOf(ZoneSpec zone)
    {
        if (zone.FsAllowed.Contains("fuse"))
        {
            yield return new("/dev/fuse", 10, 229);
        }
        if (!zone.Datasets.IsEmpty)
        {
            yield return new("/dev/zfs", 10, 249);
        }
    }

    /// <summary>A character device: path, major and minor number.</summary>
    public sealed record ZoneDevice(string Path, int Major, int Minor);
}
