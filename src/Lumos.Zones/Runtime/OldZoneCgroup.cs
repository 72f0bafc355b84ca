using System.Globalization;

namespace Lumos.Zones.Runtime;

/// <summary>
/// A zone's limits on a host that keeps controllers on cgroups of version 1 (hosted mode alone; the live image has none). The
/// runtime sees version 2 only, without those controllers; this puts the zone's first process, before it runs, into a group of each, and
/// all that comes of it stays there. Where a controller lies is in <see cref="Base"/>, made by lumos-host.
/// </summary>
internal static class OldZoneCgroup
{
    private const string Base = "/run/lumos/cgroup1";

    private static readonly IReadOnlyList<string> Controllers =
        Directory.Exists(Base) ? [.. Directory.EnumerateDirectories(Base).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)] : [];

    /// <summary>Makes the zone's groups and puts a process in; its children follow.</summary>
    internal static void Enter(string path, int pid, IEnumerable<KeyValuePair<string, string>> limits)
    {
        foreach (string controller in Controllers)
        {
            Directory.CreateDirectory(Folder(controller, path));
        }
        Write(path, limits);
        foreach (string controller in Controllers)
        {
            File.WriteAllText(Folder(controller, path) + "/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The zone's groups: what is started in it from outside has to enter them too.</summary>
    internal static IReadOnlyList<string> Folders(string path) => [.. Controllers.Select(c => Folder(c, path)).Where(Directory.Exists)];

    /// <summary>Writes limits, given as version 2 files; those of other controllers are left out.</summary>
    internal static void Write(string path, IEnumerable<KeyValuePair<string, string>> limits)
    {
        var wanted = limits.ToDictionary();
        foreach (string controller in Controllers.Where(c => Directory.Exists(Folder(c, path))))
        {
            string folder = Folder(controller, path);
            switch (controller)
            {
                case "cpu":
                    string[] quota = wanted["cpu.max"].Split(' ');
                    File.WriteAllText(folder + "/cpu.cfs_period_us", quota[1]);
                    File.WriteAllText(folder + "/cpu.cfs_quota_us", quota[0] == "max" ? "-1" : quota[0]);
                    // A weight of 100 is a share of 1024: the kernel's defaults.
                    long weight = long.Parse(wanted["cpu.weight"], CultureInfo.InvariantCulture);
                    File.WriteAllText(folder + "/cpu.shares", Math.Max(2, weight * 1024 / 100).ToString(CultureInfo.InvariantCulture));
                    break;
                case "memory":
                    WriteMemory(folder, wanted["memory.max"], wanted["memory.swap.max"]);
                    break;
                case "pids":
                    File.WriteAllText(folder + "/pids.max", wanted["pids.max"]);
                    break;
            }
        }
    }

    /// <summary>Removes the zone's groups, which hold no process any more.</summary>
    internal static void Remove(string path)
    {
        foreach (string controller in Controllers)
        {
            ZoneCgroup.RemoveTree(Folder(controller, path));
        }
    }

    // Version 1 counts memory and swap together, and the sum may at no time be below the memory alone.
    private static void WriteMemory(string folder, string memory, string swap)
    {
        string limit = memory == "max" ? "-1" : memory;
        string both = memory == "max" || swap == "max"
            ? "-1"
            : (long.Parse(memory, CultureInfo.InvariantCulture) + long.Parse(swap, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);
        string sum = folder + "/memory.memsw.limit_in_bytes";
        if (File.Exists(sum))
        {
            File.WriteAllText(sum, "-1");
        }
        File.WriteAllText(folder + "/memory.limit_in_bytes", limit);
        if (File.Exists(sum))
        {
            File.WriteAllText(sum, both);
        }
    }

    private static string Folder(string controller, string path) => $"{Base}/{controller}{path}";
}
