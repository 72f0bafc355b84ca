using System.Globalization;
using Lumos.Linux.Mounts;

namespace Lumos.Bench.Sandboxing;

/// <summary>One mounted hierarchy of control groups.</summary>
internal sealed record Hierarchy(string Directory, bool IsVersion2, string Options);

/// <summary>
/// A control group of the bench's own in every hierarchy that the host has mounted, whatever the layout (version 1, 2 or
/// both). Everything that a peer makes lies below, as the bench runs in a cgroup namespace.
/// </summary>
internal static class ControlGroups
{
    private const string Prefix = "lumos-bench-";

    /// <summary>
    /// What is mounted, as it is seen: of mounts at one place the last. Mounts from before the cgroup namespace show as "/..", whole
    /// ones as "/"; others are binds of a part.
    /// </summary>
    public static IReadOnlyList<Hierarchy> Hierarchies() => Hierarchies(MountTable.Read());

    internal static IReadOnlyList<Hierarchy> Hierarchies(IReadOnlyList<MountEntry> mounts) =>
    [
        .. mounts.Where(mount => mount.Type is "cgroup" or "cgroup2" && (mount.Root == "/" || mount.Root.StartsWith("/..", StringComparison.Ordinal)))
            .GroupBy(mount => mount.Target, (_, at) => at.Last())
            .Select(mount => new Hierarchy(mount.Target, mount.Type == "cgroup2", Controllers(mount.SuperOptions))),
    ];

    /// <summary>Makes the groups; returns their directories.</summary>
    public static IReadOnlyList<string> Make(IReadOnlyList<Hierarchy> hierarchies)
    {
        var made = new List<string>();
        foreach (var hierarchy in hierarchies)
        {
            string group = Path.Combine(hierarchy.Directory, Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            Directory.CreateDirectory(group);
            made.Add(group);
            if (File.Exists(Path.Combine(group, "cgroup.clone_children")) && File.Exists(Path.Combine(group, "cpuset.cpus")))
            {
                // A new cpuset of version 1 is empty, and nothing may enter it.
                foreach (string file in new[] { "cpuset.cpus", "cpuset.mems" })
                {
                    File.WriteAllText(Path.Combine(group, file), File.ReadAllText(Path.Combine(hierarchy.Directory, file)));
                }
                File.WriteAllText(Path.Combine(group, "cgroup.clone_children"), "1");
            }
        }
        return made;
    }

    /// <summary>Takes away groups of this process, and of benches that were killed.</summary>
    public static void Remove(IReadOnlyList<Hierarchy> hierarchies)
    {
        foreach (string group in hierarchies.SelectMany(h => Directory.GetDirectories(h.Directory, Prefix + "*")))
        {
            string owner = Path.GetFileName(group)[Prefix.Length..];
            if (owner == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) || !Directory.Exists("/proc/" + owner))
            {
                RemoveTree(group);
            }
        }
    }

    private static void RemoveTree(string group)
    {
        foreach (string child in Directory.GetDirectories(group))
        {
            RemoveTree(child);
        }
        // A group whose last process was killed this moment is still busy.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(group);
                return;
            }
            catch (IOException) when (attempt < 100)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>"rw,cpu,cpuacct" without the word that is no controller.</summary>
    private static string Controllers(string options) =>
        string.Join(',', options.Split(',').Where(word => word is not ("rw" or "ro") && !word.StartsWith("release_agent", StringComparison.Ordinal)
            && word is not ("clone_children" or "xattr" or "nsdelegate" or "memory_recursiveprot" or "favordynmods")));
}
