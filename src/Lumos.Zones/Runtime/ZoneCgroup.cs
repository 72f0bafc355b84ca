using Lumos.Linux.Cgroups;

namespace Lumos.Zones.Runtime;

/// <summary>A zone's cgroup on a machine whose cgroups are all version 2; elsewhere the runtime keeps what there is to keep.</summary>
internal static class ZoneCgroup
{
    private const string Hierarchy = "/sys/fs/cgroup";

    internal static bool IsUnified { get; } = File.Exists(Hierarchy + "/cgroup.controllers");

    /// <summary>The controllers of version 2; on a host that has them on version 1, none.</summary>
    internal static IReadOnlySet<string> Controllers { get; } = IsUnified
        ? File.ReadAllText(Hierarchy + "/cgroup.controllers").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToHashSet()
        : new HashSet<string>();

    /// <summary>Makes a cgroup (path below the root of the hierarchy) and returns its cgroup.procs; null without version 2.</summary>
    internal static string? Ensure(string path)
    {
        if (!IsUnified)
        {
            return null;
        }
        Directory.CreateDirectory(Hierarchy + path);
        return Hierarchy + path + "/cgroup.procs";
    }

    /// <summary>The directory of a cgroup of version 2, by its path below the root of the hierarchy.</summary>
    internal static string Folder(string path) => Hierarchy + path;

    /// <summary>Writes limits into the cgroup's files; those of controllers that are elsewhere are left out.</summary>
    internal static void Write(string path, IEnumerable<KeyValuePair<string, string>> files)
    {
        foreach (var (name, value) in files.Where(f => Controllers.Contains(f.Key.Split('.')[0])))
        {
            File.WriteAllText($"{Hierarchy}{path}/{name}", value);
        }
    }

    /// <summary>Writes into those of the files that the kernel has.</summary>
    internal static void WriteOptional(string path, IEnumerable<KeyValuePair<string, string>> files)
    {
        foreach (var (name, value) in files.Where(f => Controllers.Contains(f.Key.Split('.')[0]) && File.Exists($"{Hierarchy}{path}/{f.Key}")))
        {
            File.WriteAllText($"{Hierarchy}{path}/{name}", value);
        }
    }

    /// <summary>
    /// crun puts what it executes into the group of the container's first process, or, where that is not below the path it knows
    /// (in hosted mode the kernel names groups from the host's top), into a group "crun-exec" that it expects to be there.
    /// </summary>
    internal static void MakeRoomForExec(string path, int init)
    {
        if (IsUnified && Cgroup.Of(init) is { } seen && !seen.StartsWith(path, StringComparison.Ordinal))
        {
            Directory.CreateDirectory($"{Hierarchy}{path}/crun-exec");
        }
    }

    /// <summary>Ends every process in the cgroup and below.</summary>
    internal static void Kill(string path)
    {
        string file = $"{Hierarchy}{path}/cgroup.kill";
        if (IsUnified && File.Exists(file))
        {
            File.WriteAllText(file, "1");
        }
    }

    /// <summary>Removes the cgroup and those below it; they must be empty of processes.</summary>
    internal static void Remove(string path)
    {
        if (IsUnified)
        {
            RemoveTree(Hierarchy + path);
        }
    }

    /// <summary>The same for a directory of any hierarchy; one that is not there is no error.</summary>
    internal static void RemoveTree(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }
        // Only the directories can be removed, not the files in them.
        foreach (string below in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories)
            .OrderByDescending(d => d.Length).Append(folder))
        {
            RemoveWhenEmpty(below);
        }
    }

    // The last process has been told to go; the kernel takes a moment to take it out.
    private static void RemoveWhenEmpty(string folder)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(folder);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (attempt < 200)
            {
                Thread.Sleep(10);
            }
        }
    }
}
