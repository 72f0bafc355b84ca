using System.Globalization;
using Lumos.Zones.Runtime;

namespace Lumos.Zones.Statistics;

/// <summary>
/// Reads what zones use from their cgroups: a handful of small files a zone, no process started, nothing walked. Version 2 tells all;
/// on a host that keeps controllers on version 1 each is looked for where lumos-host put it, or where the runtime did.
/// </summary>
/// <param name="root">Where cgroups are mounted.</param>
/// <param name="old">Where hosted mode has the groups of version 1.</param>
public sealed class UsageReader(ZoneLayout layout, IZoneRuntime runtime, string root = "/sys/fs/cgroup", string old = "/run/lumos/cgroup1")
{
    private readonly bool _unified = File.Exists(Path.Combine(root, "cgroup.controllers"));

    /// <summary>The zones that are up, in the order of their names.</summary>
    public IReadOnlyList<ZoneUsage> ReadAll() => Directory.Exists(layout.States)
        ? [.. Directory.EnumerateFiles(layout.States, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)
            .Select(text => ZoneName.TryParse(text, out var name) ? Read(name) : null).OfType<ZoneUsage>()]
        : [];

    /// <summary>Null: nothing of it is up.</summary>
    public ZoneUsage? Read(ZoneName name)
    {
        if (ZoneRecord.TryRead(layout.StateFile(name)) is null)
        {
            return null;
        }
        var status = runtime.Status(name);
        var usage = new ZoneUsage { Name = name, ZoneId = status.ZoneId, Uptime = status.Uptime };
        usage = Cpu(usage, Unified(name), Old("cpuacct", name), Old("cpu", name));
        usage = Memory(usage, Unified(name), Old("memory", name));
        string? unified = Unified(name);
        usage = usage with { Tasks = Number(unified, "pids.current") ?? Number(Old("pids", name), "pids.current") };
        return InputOutput(usage, unified, Old("blkio", name));
    }

    /// <summary>The directories that hold the zone's processes, one at least while it is up.</summary>
    public IReadOnlyList<string> Folders(ZoneName name) =>
        [.. new[] { Unified(name), Old("memory", name), Old("pids", name), Old("cpu", name) }.OfType<string>()];

    private string? Unified(ZoneName name) => _unified ? Existing(Path.Combine(root + layout.CgroupParent, name.Text)) : null;

    private string? Old(string controller, ZoneName name) =>
        Existing($"{old}/{controller}{layout.CgroupParent}/{name}") ?? (_unified ? null : Existing($"{root}/{controller}{layout.CgroupParent}/{name}"));

    private static ZoneUsage Cpu(ZoneUsage usage, string? unified, string? account, string? cpu)
    {
        if (Fields(unified, "cpu.stat") is { } stat && stat.TryGetValue("usage_usec", out long microseconds))
        {
            usage = usage with { CpuTime = TimeSpan.FromMicroseconds(microseconds) };
        }
        else if (Number(account ?? cpu, "cpuacct.usage") is { } nanoseconds)
        {
            usage = usage with { CpuTime = TimeSpan.FromMicroseconds(nanoseconds / 1000) };
        }
        if (Text(unified, "cpu.max")?.Split(' ') is [var quota, var period] && Parse(quota) is { } q && Parse(period) is > 0 and { } p)
        {
            return usage with { CpuCap = (int)(q * 100 / p) };
        }
        return Number(cpu, "cpu.cfs_quota_us") is > 0 and { } oldQuota && Number(cpu, "cpu.cfs_period_us") is > 0 and { } oldPeriod
            ? usage with { CpuCap = (int)(oldQuota * 100 / oldPeriod) }
            : usage;
    }

    private static ZoneUsage Memory(ZoneUsage usage, string? unified, string? old)
    {
        if (Number(unified, "memory.current") is { } current && Fields(unified, "memory.stat") is { } stat)
        {
            long? cap = Number(unified, "memory.max");
            return usage with
            {
                Rss = Math.Max(0, current - stat.GetValueOrDefault("inactive_file") - stat.GetValueOrDefault("active_file")),
                MemoryCap = cap,
                Swap = Number(unified, "memory.swap.current"),
                SwapCap = cap is not null && Number(unified, "memory.swap.max") is { } swap ? cap + swap : null,
                TimesOver = Fields(unified, "memory.events")?.GetValueOrDefault("max"),
                PagedOut = stat.GetValueOrDefault("pgsteal") * Environment.SystemPageSize,
            };
        }
        if (Number(old, "memory.usage_in_bytes") is not { } used || Fields(old, "memory.stat") is not { } oldStat)
        {
            return usage;
        }
        return usage with
        {
            Rss = Math.Max(0, used - oldStat.GetValueOrDefault("total_inactive_file") - oldStat.GetValueOrDefault("total_active_file")),
            MemoryCap = Limit(Number(old, "memory.limit_in_bytes")),
            Swap = oldStat.TryGetValue("total_swap", out long swapped) ? swapped : null,
            SwapCap = Limit(Number(old, "memory.memsw.limit_in_bytes")),
            TimesOver = Number(old, "memory.failcnt"),
            PagedOut = oldStat.TryGetValue("total_pgpgout", out long pages) ? pages * Environment.SystemPageSize : null,
        };
    }

    private static ZoneUsage InputOutput(ZoneUsage usage, string? unified, string? old)
    {
        // One line a device: 8:0 rbytes=… wbytes=… …
        if (Text(unified, "io.stat") is { } text)
        {
            long Sum(string field) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Where(w => w.StartsWith(field, StringComparison.Ordinal)).Sum(w => Parse(w[field.Length..]) ?? 0);
            return usage with { ReadBytes = Sum("rbytes="), WrittenBytes = Sum("wbytes=") };
        }
        // 8:0 Read N, 8:0 Write N …
        if (Text(old, "blkio.throttle.io_service_bytes_recursive") is { } lines)
        {
            long Sum(string what) => lines.Split('\n').Select(l => l.Split(' ')).Where(f => f.Length == 3 && f[1] == what).Sum(f => Parse(f[2]) ?? 0);
            return usage with { ReadBytes = Sum("Read"), WrittenBytes = Sum("Write") };
        }
        return usage;
    }

    // Version 1 says "none" with a number near 2^63.
    private static long? Limit(long? bytes) => bytes is > 0 and < 1L << 60 ? bytes : null;

    private static string? Existing(string folder) => Directory.Exists(folder) ? folder : null;

    private static long? Number(string? folder, string file) => Text(folder, file) is { } text ? Parse(text) : null;

    private static long? Parse(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null; // "max" is none

    private static Dictionary<string, long>? Fields(string? folder, string file)
    {
        if (Text(folder, file) is not { } text)
        {
            return null;
        }
        var fields = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            if (line.Split(' ') is [var name, var value] && Parse(value) is { } number)
            {
                fields[name] = number;
            }
        }
        return fields;
    }

    // Null: there is no such file, or the zone has just gone.
    private static string? Text(string? folder, string file)
    {
        if (folder is null)
        {
            return null;
        }
        try
        {
            return File.ReadAllText(Path.Combine(folder, file)).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
