using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux.Files;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Temporaries of files of VMs, left by a writer that was killed between writing one and renaming it. Each is removed under the lock
/// that a writer would hold, so that none is taken from under somebody's hands.
/// </summary>
internal static class LeftFiles
{
    /// <summary>Of one VM. The caller holds its lock.</summary>
    internal static void Remove(VmHost host, ZoneName name, string? zonePath)
    {
        foreach (string path in ConfigFiles.Paths(zonePath).Prepend(host.Layout.ConfigFile(name)))
        {
            AtomicFile.RemoveTemporaries(path);
        }
    }

    /// <summary>Of all VMs, where nobody is at work now. True: there are some left whose lock is held.</summary>
    internal static bool RemoveAll(VmHost host)
    {
        bool held = false;
        foreach (string folder in host.Unfinished.Folders.Append(host.Layout.Configurations).Append(host.Layout.States).Append(host.Layout.Machines).Where(Directory.Exists))
        {
            foreach (string file in Directory.GetFiles(folder, ".*").Select(DurableFile.TargetOf).OfType<string>().Distinct())
            {
                try
                {
                    using (FileLock.Acquire(LockOf(host.Layout, file), TimeSpan.Zero))
                    {
                        AtomicFile.RemoveTemporaries(file);
                    }
                }
                catch (LumosException e) when (e.Code == "LockTimeout")
                {
                    held = true;
                }
            }
        }
        return held;
    }

    // A record of /run/lumos/zone-states or of /run/lumos/machines is the zone's own; of the folder of configurations, whatever is no VM's is the index's.
    private static string LockOf(ZoneLayout layout, string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        bool isVm = ZoneName.TryParse(name, out var zone) && Path.GetExtension(file) is ".xml" or ".json";
        return !isVm ? layout.IndexLock
            : Path.GetDirectoryName(file) is { } folder && (folder == layout.States || folder == layout.Machines) ? layout.StateLock(zone!)
            : layout.VmLock(new ZoneConfigStore(layout).ReadIndex().Find(zone!) is { Uuid.Length: > 0 } entry ? entry.Uuid : name);
    }
}
