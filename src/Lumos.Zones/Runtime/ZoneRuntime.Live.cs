using System.Globalization;
using Lumos.Core;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Machine;
using Lumos.Zones.Bundle;
using Lumos.Zones.Machines;

namespace Lumos.Zones.Runtime;

// What can be changed on a zone that runs; ZoneRuntime.cs has the whole picture.
public sealed partial class ZoneRuntime
{
    public void ApplyLimits(ZoneSpec spec)
    {
        if (!ZoneCgroup.IsUnified)
        {
            throw new LumosException("LimitsNotLive", "limits can be changed on a running zone only where all cgroups are version 2");
        }
        if (!Status(spec.Name).State.CanEnter)
        {
            return;
        }
        string cgroup = $"{_layout.CgroupParent}/{spec.Name}";
        ZoneCgroup.Write(cgroup, ZoneLimits.CgroupFiles(spec));
        ZoneCgroup.WriteOptional(cgroup, ZoneLimits.OptionalFiles(spec));
        OldZoneCgroup.Write(cgroup, ZoneLimits.CgroupFiles(spec));
        ApplyProcessLimits(spec);
    }

    public void ApplyTmpfs(ZoneSpec spec)
    {
        if (spec.Machine is not null || spec.TmpfsBytes is not { } bytes || bytes == 0 || !Status(spec.Name).State.CanEnter)
        {
            return;
        }
        // By the zone's own root: it can harm nobody but the zone, whatever it finds mounted there.
        string busybox = spec.Brand.PlatformPrefix + "/bin/busybox";
        string size = string.Create(CultureInfo.InvariantCulture, $"remount,size={bytes}");
        int status = Exec(spec.Name, new ZoneCommand { Argv = [busybox, "mount", "-t", "tmpfs", "-o", size, "tmpfs", "/tmp"] });
        if (status != 0)
        {
            _warn($"zone '{spec.Name}': /tmp keeps its size until the next boot: mount in the zone ended with status {status}");
        }
    }

    public void ApplyRoutes(ZoneSpec before, ZoneSpec after)
    {
        if (after.Machine is not null || !Status(after.Name).State.CanEnter)
        {
            return;
        }
        var old = ZoneLinkPlan.StaticRoutes(before);
        var wanted = ZoneLinkPlan.StaticRoutes(after);
        _links.ChangeRoutes([.. old.Except(wanted)], [.. wanted.Except(old)], Running(after.Name).Init!.Pid);
    }

    public void GrowDisk(ZoneName name, int disk, long bytes) => MachineDisks.Grow(_layout.QmpSocket(name), disk, bytes);

    // Limits that are not a cgroup's: of the IPC namespace, and of what each process may lock.
    private void ApplyProcessLimits(ZoneSpec spec)
    {
        int init = Running(spec.Name).Init!.Pid;
        ZoneIpcLimits.Apply(spec, init);
        ulong locked = (ulong)OciBundle.LockedBytes(spec);
        if (!ProcessLimits.TrySetLockedMemory(init, locked))
        {
            _warn($"zone '{spec.Name}': max_locked_memory reaches it at the next boot: this machine does not let us change it before");
            return;
        }
        foreach (int pid in Cgroup.Of(init) is { } path ? new Cgroup(Cgroup.Root + path).AllProcesses() : [])
        {
            _ = ProcessLimits.TrySetLockedMemory(pid, locked); // or it has ended meanwhile
        }
    }
}
