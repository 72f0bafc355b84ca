using Lumos.Linux.Cgroups;
using Lumos.Linux.Mounts;

namespace Lumos.Init.Supervision;

/// <summary>
/// What a native zone needs before its first service. The container runtime has mounted most; only what is missing is
/// added. The zone's cgroup is its own (delegated), so the leaves are made there too.
/// </summary>
internal static class ZoneSetup
{
    internal static void Run()
    {
        KernelMounts.Ensure("proc", "/proc", MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec);
        KernelMounts.Ensure("tmpfs", "/run", MountFlags.NoSuid | MountFlags.NoDev, "mode=755");
        KernelMounts.Ensure("tmpfs", "/tmp", MountFlags.NoSuid | MountFlags.NoDev, "mode=1777");
        KernelMounts.MakeDeviceLinks();
        Pid1.Attempt("/run/lock", () => Directory.CreateDirectory("/run/lock"));
        if (File.Exists(Cgroup.Root + "/cgroup.procs"))
        {
            Pid1.Attempt("cgroups", CgroupLeaves.Make);
        }
    }
}
