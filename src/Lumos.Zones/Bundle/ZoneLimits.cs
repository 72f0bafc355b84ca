using System.Globalization;
using System.Text.Json.Nodes;

namespace Lumos.Zones.Bundle;

/// <summary>
/// A zone's limits in the words of cgroups. cpu_cap is a hard ceiling in percent of one CPU; cpu_shares a weight that counts
/// only under contention; max_swap counts memory and swap together, as SmartOS does; max_lwps counts threads.
/// </summary>
public static class ZoneLimits
{
    private const int PeriodMicroseconds = 100_000;

    /// <summary>The least a quota may be: the kernel refuses less than a millisecond.</summary>
    private const int LeastQuotaMicroseconds = 1_000;

    /// <summary>The kernel counts no more threads than this, and refuses a limit above it; one that came from elsewhere is none.</summary>
    private const int MostThreads = 4_194_304;

    /// <summary>SmartOS's zfs_io_priority and the kernel's weight where nothing is said: the same number.</summary>
    private const int OrdinaryPriority = 100;

    /// <summary>
    /// A share count as a cgroup2 weight (1 to 10,000; a share goes to 65,535). Scaled rather than cut off, since shares are
    /// commonly set to a machine's mebibytes.
    /// </summary>
    public static int Weight(int shares) => Math.Clamp((int)Math.Round(shares * 10_000.0 / 65_535), 1, 10_000);

    /// <summary>The cgroup2 files and what to write into them; a limit that is not set is lifted.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> CgroupFiles(ZoneSpec zone) =>
    [
        KeyValuePair.Create("cpu.max", zone.CpuCap is > 0 and { } cap ? Text($"{Quota(cap)} {PeriodMicroseconds}") : Text($"max {PeriodMicroseconds}")),
        KeyValuePair.Create("cpu.weight", Text($"{Weight(zone.CpuShares ?? 100)}")),
        KeyValuePair.Create("memory.max", zone.MemoryBytes is > 0 and { } memory ? Text($"{memory}") : "max"),
        KeyValuePair.Create("memory.swap.max", Swap(zone) is { } swap ? Text($"{swap}") : "max"),
        KeyValuePair.Create("pids.max", zone.MaxLwps is > 0 and <= MostThreads and { } lwps ? Text($"{lwps}") : "max"),
    ];

    /// <summary>
    /// The same for files that only some kernels have, and that are left out where they are not: weights of I/O. They act
    /// where something weighs (io.cost, BFQ), and not on what ZFS writes in its own threads.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> OptionalFiles(ZoneSpec zone)
    {
        int priority = zone.IoPriority ?? OrdinaryPriority;
        return
        [
            KeyValuePair.Create("io.weight", Text($"{Math.Clamp(priority, 1, 10_000)}")),
            KeyValuePair.Create("io.bfq.weight", Text($"{Math.Clamp(priority, 1, 1_000)}")),
        ];
    }

    internal static JsonObject Of(ZoneSpec zone, BundlePlaces places)
    {
        var resources = new JsonObject();
        if (places.CanFilterDevices)
        {
            resources["devices"] = OciBundle.Array(
            [
                new JsonObject { ["allow"] = false, ["access"] = "rwm" },
                .. SecurityProfile.DevicesOf(zone).Select(device =>
                    new JsonObject { ["allow"] = true, ["type"] = "c", ["major"] = device.Major, ["minor"] = device.Minor, ["access"] = "rw" }),
            ]);
        }
        if (places.Runtime.UnifiedCgroups)
        {
            var files = new JsonObject();
            foreach (var (name, value) in CgroupFiles(zone)
                .Where(file => !file.Value.StartsWith("max", StringComparison.Ordinal) && places.Controllers.Contains(file.Key.Split('.')[0])))
            {
                files[name] = value;
            }
            resources["unified"] = files;
            return resources;
        }
        var cpu = new JsonObject();
        if (zone.CpuCap is > 0 and { } cap)
        {
            cpu["period"] = PeriodMicroseconds;
            cpu["quota"] = Quota(cap);
        }
        if (zone.CpuShares is { } shares)
        {
            cpu["shares"] = Math.Clamp((long)shares * 262_144 / 65_535, 2, 262_144);
        }
        if (cpu.Count > 0)
        {
            resources["cpu"] = cpu;
        }
        if (zone.MemoryBytes is > 0 and { } memory)
        {
            resources["memory"] = new JsonObject { ["limit"] = memory };
        }
        if (zone.MaxLwps is > 0 and <= MostThreads and { } lwps)
        {
            resources["pids"] = new JsonObject { ["limit"] = lwps };
        }
        return resources;
    }

    private static long Quota(int cap) => Math.Max(LeastQuotaMicroseconds, (long)cap * PeriodMicroseconds / 100);

    private static long? Swap(ZoneSpec zone) => zone is { SwapBytes: > 0 and { } all, MemoryBytes: > 0 and { } memory }
        ? Math.Max(0, all - memory)
        : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
