using System.Globalization;
using Lumos.Drivers.Tools;
using Lumos.Linux.Mounts;
using Lumos.Linux.Netlink;

namespace Lumos.Testing;

/// <summary>
/// What of the machine tests could leave behind, one line each, for <see cref="LeakGuard"/>. Other global zones of the same
/// host are not looked at: their links, groups and tables bear their names.
/// </summary>
public static class MachineListing
{
    private const string Cgroups = "/sys/fs/cgroup";

    /// <param name="words">Names and folders that tell what is the tests': a process or a loop device counts if it bears one.</param>
    /// <param name="others">Names of global zones that are none of the tests' business.</param>
    public static IEnumerable<string> Of(IReadOnlyCollection<string> words, IReadOnlyCollection<string> others) =>
        Mounts().Concat(Links()).Concat(NetworkNamespaces()).Concat(ControlGroups()).Concat(Tables()).Where(line => !Bears(line, others))
            .Concat(LoopDevices(words)).Concat(Processes(words));

    private static IEnumerable<string> Mounts() => MountTable.Read().Select(m => $"mount {m.Target} ({m.Type})");

    private static List<string> Links()
    {
        using var network = NetworkStack.Open();
        return [.. network.Links().Select(l => "link " + l.Name)];
    }

    private static IEnumerable<string> NetworkNamespaces() =>
        Directory.Exists("/run/netns") ? Directory.EnumerateFileSystemEntries("/run/netns").Select(n => "network namespace " + n) : [];

    /// <summary>Ours, in all hierarchies: service managers make and remove others at any time, as does a bench.</summary>
    private static IEnumerable<string> ControlGroups() =>
        Directory.EnumerateDirectories(Cgroups, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Where(d => d.Contains("/lumos", StringComparison.Ordinal) && !d.Contains("/lumos-bench-", StringComparison.Ordinal)).Select(d => "cgroup " + d);

    private static IEnumerable<string> Tables() => Tool.Run("nft", "list", "tables").OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => "nft " + t);

    private static IEnumerable<string> LoopDevices(IReadOnlyCollection<string> words) =>
        Directory.EnumerateDirectories("/sys/block", "loop*")
            .Select(d => (Device: Path.GetFileName(d), File: TryRead($"{d}/loop/backing_file")))
            .Where(l => l.File is not null && words.Any(l.File.Contains))
            .Select(l => $"loop device of {l.File!.Trim()}");

    /// <summary>By what they are and in which group; a pid changes when a service is restarted.</summary>
    private static IEnumerable<string> Processes(IReadOnlyCollection<string> words)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            if (int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture) == Environment.ProcessId)
            {
                continue;
            }
            string command = (TryRead(folder + "/cmdline") ?? "").Replace('\0', ' ').Trim();
            string groups = TryRead(folder + "/cgroup") ?? "";
            if (command.Length == 0)
            {
                continue; // the kernel's, or a dead one that init has not reaped yet
            }
            if (words.Any(w => command.Contains(w, StringComparison.Ordinal)) || Bears(groups, words))
            {
                string own = groups.Split('\n').FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal)) ?? "";
                yield return $"process {command} in {own}";
            }
        }
    }

    private static bool Bears(string line, IReadOnlyCollection<string> names) => names.Any(name =>
    {
        for (int at = line.IndexOf(name, StringComparison.Ordinal); at >= 0; at = line.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            int end = at + name.Length;
            if ((end == line.Length || !char.IsAsciiLetterOrDigit(line[end])) && (at == 0 || !char.IsAsciiLetterOrDigit(line[at - 1])))
            {
                return true;
            }
        }
        return false;
    });

    // What has gone between being listed and being looked at is not there.
    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
