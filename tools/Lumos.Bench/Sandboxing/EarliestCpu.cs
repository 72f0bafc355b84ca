using System.Globalization;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Sandboxing;

/// <summary>
/// On which processor the sandbox's namespaces are made. A mount namespace can be pinned (as hosted mode does) only from one that is older,
/// and Linux 6.18 takes the order from numbers that each processor draws from a stock of its own: a namespace made later on another
/// processor may count as older. So the sandbox is made where its number is less than what every other processor gives from now on.
/// </summary>
internal static class EarliestCpu
{
    /// <summary>All processors that we may use, as taskset takes them.</summary>
    public static string Allowed() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1].Trim();

    /// <summary>The first processor whose namespaces can pin those of all others; else the first.</summary>
    public static int Find()
    {
        var all = Expand(Allowed());
        string probe = "mount -t tmpfs tmpfs /mnt && touch /mnt/pin || exit 1; for cpu in " + string.Join(' ', all)
            + "; do taskset -c $cpu unshare --mount=/mnt/pin true && umount /mnt/pin || exit 1; done";
        foreach (int cpu in all)
        {
            if (Tool.Run("taskset", "-c", cpu.ToString(CultureInfo.InvariantCulture), "unshare", "--mount", "--propagation", "private", "sh", "-c", probe).Succeeded)
            {
                return cpu;
            }
        }
        return all[0];
    }

    /// <summary>"0-2,5" in single numbers.</summary>
    internal static IReadOnlyList<int> Expand(string list) =>
    [
        .. list.Split(',').Select(part => part.Split('-').Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray())
            .SelectMany(range => Enumerable.Range(range[0], range[^1] - range[0] + 1)),
    ];
}
