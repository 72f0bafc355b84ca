using Lumos.Linux.Cgroups;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;

namespace Lumos.Init.Supervision;

/// <summary>
/// What a machine needs before its first service: the kernel's file systems, cgroups, a host name. Each step that fails is
/// said and passed over: more of the system is better than none.
/// </summary>
internal static class MachineSetup
{
    internal static void Run()
    {
        const MountFlags plain = MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec;
        KernelMounts.Ensure("proc", "/proc", plain);
        KernelMounts.Ensure("sysfs", "/sys", plain);
        KernelMounts.Ensure("devtmpfs", "/dev", MountFlags.NoSuid, "mode=755");
        KernelMounts.Ensure("devpts", "/dev/pts", MountFlags.NoSuid | MountFlags.NoExec, "gid=5,mode=620,ptmxmode=666");
        KernelMounts.Ensure("tmpfs", "/dev/shm", MountFlags.NoSuid | MountFlags.NoDev, "mode=1777");
        KernelMounts.Ensure("mqueue", "/dev/mqueue", plain);
        KernelMounts.Ensure("tmpfs", "/run", MountFlags.NoSuid | MountFlags.NoDev, "mode=755");
        KernelMounts.Ensure("tmpfs", "/tmp", MountFlags.NoSuid | MountFlags.NoDev, "mode=1777");
        KernelMounts.EnsureIfKnown("securityfs", "/sys/kernel/security", plain);
        KernelMounts.EnsureIfKnown("bpf", "/sys/fs/bpf", plain, "mode=700");
        KernelMounts.EnsureIfKnown("tracefs", "/sys/kernel/tracing", plain, "mode=700");
        KernelMounts.EnsureIfKnown("efivarfs", "/sys/firmware/efi/efivars", plain);
        KernelMounts.MakeDeviceLinks();
        Pid1.Attempt("/run/lock", () => Directory.CreateDirectory("/run/lock"));
        Pid1.Attempt("cgroups", () => MountCgroups(plain));
        Pid1.Attempt("transparent huge pages", LimitHugePages);
        Pid1.Attempt("host name", SetHostName);
    }

    /// <summary>
    /// Huge pages for those who ask for them, as QEMU does for a guest's memory. Given to everybody, they cost each small daemon
    /// megabytes that it never touches: 36 MiB in all on a machine with 2 GiB. The kernel also keeps memory free for them
    /// (44 MiB there, and more by the watermarks above it); a machine under 8 GiB has better uses for it.
    /// </summary>
    private static void LimitHugePages()
    {
        const string Setting = "/sys/kernel/mm/transparent_hugepage/enabled", KeptFree = "/proc/sys/vm/min_free_kbytes";
        const long SmallMachine = 8L << 30;
        if (!File.Exists(Setting))
        {
            return;
        }
        File.WriteAllText(Setting, "madvise");
        if (Kernel.Load().TotalMemory < SmallMachine)
        {
            File.WriteAllText(KeptFree, "16384");
        }
    }

    private static void MountCgroups(MountFlags flags)
    {
        if (!MountTable.IsMounted(Cgroup.Root))
        {
            try
            {
                // favordynmods: moving a process costs microseconds instead of an RCU grace period.
                Mount.At("cgroup2", Cgroup.Root, "cgroup2", flags, "nsdelegate,favordynmods");
            }
            catch (IOException)
            {
                Mount.At("cgroup2", Cgroup.Root, "cgroup2", flags, "nsdelegate");
            }
        }
        CgroupLeaves.Make();
    }

    private static void SetHostName()
    {
        string? asked = BootArguments.Read().Value("hostname");
        string name = asked ?? (File.Exists("/etc/hostname") ? File.ReadAllText("/etc/hostname").Trim() : "");
        Kernel.SetHostName(name.Length > 0 ? name : "lumos");
    }
}
