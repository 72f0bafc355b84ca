using Lumos.Core;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Mounts;

namespace Lumos.Hosted.Actions;

/// <summary>
/// The part of the host's cgroups that is ours: one directory of the version 2 hierarchy, and on a host that keeps controllers
/// on version 1, one for each of those. Started by systemd it is the unit's own (Delegate=yes); else lumos-NAME at the top.
/// </summary>
/// <param name="Unified">The directory of version 2.</param>
/// <param name="Old">Directories of version 1, by controller.</param>
/// <param name="IsUnits">The directory of version 2 is a systemd unit's: what is below it is ours, itself is not.</param>
internal sealed record HostCgroups(string Unified, IReadOnlyDictionary<string, string> Old, bool IsUnits)
{
    private static readonly string[] WantedOld = ["cpu", "memory", "pids"];

    /// <summary>Those of a global zone that is up, as it noted them; null: there is no note.</summary>
    internal static HostCgroups? Load(string note)
    {
        if (!File.Exists(note))
        {
            return null;
        }
        var lines = File.ReadLines(note).Select(line => line.Split(' ', 2)).ToDictionary(w => w[0], w => w[1]);
        return new HostCgroups(
            lines.GetValueOrDefault("unit") ?? lines["unified"], lines.Where(l => WantedOld.Contains(l.Key)).ToDictionary(), lines.ContainsKey("unit"));
    }

    internal void Save(string note) =>
        File.WriteAllLines(note, [$"{(IsUnits ? "unit" : "unified")} {Unified}", .. Old.Select(o => $"{o.Key} {o.Value}")]);

    /// <summary>Finds where ours go; makes nothing.</summary>
    /// <exception cref="LumosException">NoCgroups: the host has no version 2 hierarchy mounted.</exception>
    internal static HostCgroups Find(string name)
    {
        var mounts = MountTable.Read();
        var unified = mounts.FirstOrDefault(m => m.Type == "cgroup2")
            ?? throw new LumosException("NoCgroups", "this host has no cgroup2 hierarchy mounted, without which processes cannot be held together; mount one at /sys/fs/cgroup/unified");
        string own = $"lumos-{name}";
        var old = new Dictionary<string, string>();
        foreach (string controller in WantedOld)
        {
            if (mounts.FirstOrDefault(m => m.Type == "cgroup" && m.SuperOptions.Split(',').Contains(controller)) is { } mount)
            {
                old[controller] = Path.Combine(mount.Target, own);
            }
        }
        return UnitsOwn(unified.Target) is { } unit
            ? new HostCgroups(unit, old, IsUnits: true)
            : new HostCgroups(Path.Combine(unified.Target, own), old, IsUnits: false);
    }

    /// <summary>Makes what is missing and asks for the controllers all the way down.</summary>
    internal void Make()
    {
        foreach (string folder in Old.Values.Append(Unified))
        {
            Directory.CreateDirectory(folder);
        }
        if (!IsUnits)
        {
            var parent = new Cgroup(Path.GetDirectoryName(Unified)!);
            foreach (string controller in parent.Controllers())
            {
                TryDelegate(parent, controller);
            }
        }
    }

    /// <summary>Ends whatever still runs in there and takes the directories away.</summary>
    internal void Remove()
    {
        var group = new Cgroup(Unified);
        foreach (var ours in !group.Exists ? [] : IsUnits ? group.Children().ToList() : [group])
        {
            ours.Kill();
            ours.WaitUntilEmpty(TimeSpan.FromSeconds(10));
            ours.Remove();
        }
        foreach (string folder in Old.Values.Where(Directory.Exists))
        {
            new Cgroup(folder).Remove();
        }
    }

    // systemd gives a unit its own cgroup, marked by INVOCATION_ID in the environment.
    private static string? UnitsOwn(string hierarchy)
    {
        if (Environment.GetEnvironmentVariable("INVOCATION_ID") is null)
        {
            return null;
        }
        string line = File.ReadLines("/proc/self/cgroup").FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal)) ?? "0::/";
        string path = line[3..];
        return path.EndsWith(".service", StringComparison.Ordinal) ? hierarchy.TrimEnd('/') + path : null;
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
