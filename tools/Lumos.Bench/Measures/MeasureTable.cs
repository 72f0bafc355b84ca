using Lumos.Core;

namespace Lumos.Bench.Measures;

/// <summary>All measures by name, and the scenarios that take them.</summary>
internal static class MeasureTable
{
    public static readonly IReadOnlyList<Measure> All =
    [
        new("create", "create → running", "ms", 0.33),
        new("create-return", "create, until the command returns", "ms"),
        new("start", "start → running", "ms"),
        new("stop", "graceful stop", "ms"),
        new("force-stop", "forced stop", "ms", 0.1),
        new("delete", "delete a stopped zone and its snapshot", "ms", 0.6),
        new("exec", "exec true", "ms", 0.4),
        new("snapshot", "snapshot of a running zone", "ms"),
        new("clone", "clone of a snapshot → running", "ms"),
        new("get", "get one zone's description", "ms"),
        new("create-in-turn", "{N} creates in turn", "s"),
        new("create-at-once", "{N} creates at once", "s", 0.33),
        new("list", "list {L} zones", "ms", 0.05),
        new("memory", "memory per running zone, in control groups", "KiB"),
        new("memory-host", "memory per running zone, of the host", "KiB"),
        new("list-crowd", "list {V} configured VMs with {S} snapshots", "ms"),
        new("daemon-crowd", "daemon start → first answer with {V} VMs", "ms"),
        new("cli", "start of the command itself", "ms"),
        new("net-throughput", "network throughput zone → zone", "Gbit/s"),
        new("net-latency", "network round trip zone ↔ zone", "µs"),
        new("disk-write", "disk write, synced at the end", "MiB/s"),
    ];

    public static readonly IReadOnlyList<IScenario> Scenarios =
        [new CliScenario(), new LifecycleScenario(), new FleetScenario(), new NetworkScenario(), new DiskScenario(), new CrowdScenario()];

    public static Measure Get(string name) => All.Single(measure => measure.Name == name);

    /// <summary>Names from the command line; none: all.</summary>
    /// <exception cref="UsageException">A name that is not known.</exception>
    public static IReadOnlyList<string> Select(IReadOnlyList<string> wanted)
    {
        string[] names = [.. All.Select(measure => measure.Name)];
        return wanted.FirstOrDefault(name => !names.Contains(name)) is { } unknown
            ? throw new UsageException($"there is no measurement \"{unknown}\"; known are {string.Join(", ", names)}")
            : wanted.Count == 0 ? names : [.. names.Where(wanted.Contains)];
    }
}
