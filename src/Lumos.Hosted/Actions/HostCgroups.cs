using System.Diagnostics;
using Lumos.Core;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Mounts;

namespace Lumos.Hosted.Actions;

/// <summary>
/// The part of the host's cgroups that is ours: lumos-NAME at the top of the version 2 hierarchy, and on a host that keeps
/// controllers on version 1, of each of those. Started by systemd it is not within the unit's own: what is there once holds zones, and
/// controllers with them, is closed to the next main process of the unit (systemd fails with 219/CGROUP), and zones are
/// to outlive the unit's crash.
/// </summary>
/// <param name="Unified">The directory of version 2.</param>
/// <param name="Old">Directories of version 1, by controller.</param>
internal sealed record HostCgroups(string Unified, IReadOnlyDictionary<string, string> Old)
{
    private static readonly string[] WantedOld = ["cpu", "memory", "pids"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Those of a global zone that is up, as it noted them; null: there is no note.</summary>
    internal static HostCgroups? Load(string note)
    {
        if (!File.Exists(note))
        {
            return null;
        }
        var lines = File.ReadLines(note).Select(line => line.Split(' ', 2)).ToDictionary(w => w[0], w => w[1]);
        return new HostCgroups(lines["unified"], lines.Where(l => WantedOld.Contains(l.Key)).ToDictionary());
    }

    internal void Save(string note) =>
        File.WriteAllLines(note, [$"unified {Unified}", .. Old.Select(o => $"{o.Key} {o.Value}")]);

    /// <summary>Finds where ours go; makes nothing.</summary>
    /// <exception cref="LumosException">NoCgroups: the host has no version 2 hierarchy mounted.</exception>
    internal static HostCgroups Find(string name) => TryFind(name)
        ?? throw new LumosException("NoCgroups", "this host has no cgroup2 hierarchy mounted, without which processes cannot be held together; mount one at /sys/fs/cgroup/unified");

    /// <summary>The same; null: no version 2 hierarchy is mounted (a package removed in a chroot), so none of ours can be in it.</summary>
    internal static HostCgroups? TryFind(string name)
    {
        var mounts = MountTable.Read();
        if (mounts.FirstOrDefault(m => m.Type == "cgroup2") is not { } unified)
        {
            return null;
        }
        string own = $"lumos-{name}";
        var old = new Dictionary<string, string>();
        foreach (string controller in WantedOld)
        {
            if (mounts.FirstOrDefault(m => m.Type == "cgroup" && m.SuperOptions.Split(',').Contains(controller)) is { } mount)
            {
                old[controller] = Path.Combine(mount.Target, own);
            }
        }
        return new HostCgroups(Path.Combine(unified.Target, own), old);
    }

    /// <summary>Makes what is missing and asks for the controllers all the way down.</summary>
    internal void Make()
    {
        foreach (string folder in Old.Values.Append(Unified))
        {
            Directory.CreateDirectory(folder);
        }
        var parent = new Cgroup(Path.GetDirectoryName(Unified)!);
        foreach (string controller in parent.Controllers())
        {
            TryDelegate(parent, controller);
        }
    }

    /// <summary>Ends whatever still runs in there and takes the directories away.</summary>
    internal void Remove()
    {
        var group = new Cgroup(Unified);
        if (group.Exists)
        {
            group.Kill();
            group.WaitUntilEmpty(Patience);
            group.Remove();
        }
        foreach (string folder in Old.Values.Where(Directory.Exists))
        {
            RemoveOld(new Cgroup(folder));
        }
    }

    // A process that has ended is gone from the one hierarchy a moment before it is from another.
    private static void RemoveOld(Cgroup group)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(Pause))
        {
            try
            {
                group.Remove();
                return;
            }
            catch (IOException) when (clock.Elapsed < Patience)
            {
                // EBUSY
            }
        }
    }

    private static void TryDelegate(Cgroup group, string controller)
    {
        try
        {
            group.Delegate(controller);
        }
        catch (IOException)
        {
            // Version 1 has it; Old is where it is used then.
        }
    }
}
