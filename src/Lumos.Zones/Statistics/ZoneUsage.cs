namespace Lumos.Zones.Statistics;

/// <summary>What a zone has used and uses at one moment. Null: this machine's kernel does not tell.</summary>
public sealed record ZoneUsage
{
    public required ZoneName Name { get; init; }

    /// <summary>Of this boot; null: it is not known.</summary>
    public int? ZoneId { get; init; }

    /// <summary>Since the zone was booted, all CPUs together.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>Percent of one CPU; null: none.</summary>
    public int? CpuCap { get; init; }

    /// <summary>Bytes that cannot be dropped: the processes' own memory, files in memory, the kernel's for the zone. Not the cache of files.</summary>
    public long? Rss { get; init; }

    /// <summary>Bytes; null: no cap.</summary>
    public long? MemoryCap { get; init; }

    /// <summary>Bytes in swap.</summary>
    public long? Swap { get; init; }

    /// <summary>Most bytes of memory and swap together; null: no cap.</summary>
    public long? SwapCap { get; init; }

    /// <summary>How often the zone ran into its memory cap.</summary>
    public long? TimesOver { get; init; }

    /// <summary>Bytes that were taken from it at its cap: written to swap or dropped.</summary>
    public long? PagedOut { get; init; }

    /// <summary>Processes and threads.</summary>
    public long? Tasks { get; init; }

    public long? ReadBytes { get; init; }

    public long? WrittenBytes { get; init; }

    /// <summary>How long it has been up; null: it is not known.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>What share of memory and swap together it uses, in percent; null: no cap.</summary>
    public double? SwapPercent => SwapCap is > 0 and { } cap && Rss is { } rss ? 100.0 * (rss + (Swap ?? 0)) / cap : null;
}

/// <summary>What a zone did between two looks.</summary>
/// <param name="CpuPercent">Of one CPU.</param>
public sealed record ZoneRates(ZoneUsage Usage, double? CpuPercent, double? ReadPerSecond, double? WrittenPerSecond)
{
    /// <param name="before">Null: since the zone was booted.</param>
    public static ZoneRates Between(ZoneUsage? before, ZoneUsage after, TimeSpan elapsed)
    {
        // A zone that was booted again counts from nothing.
        bool same = before is not null && before.ZoneId == after.ZoneId && before.CpuTime <= after.CpuTime;
        double? seconds = same ? elapsed.TotalSeconds : after.Uptime?.TotalSeconds;
        double? Rate(double? then, double? now) => seconds is > 0 && now is not null ? Math.Max(0, (now.Value - (same ? then ?? 0 : 0)) / seconds.Value) : null;
        return new ZoneRates(
            after,
            Rate(before?.CpuTime?.TotalSeconds, after.CpuTime?.TotalSeconds) * 100,
            Rate(before?.ReadBytes, after.ReadBytes),
            Rate(before?.WrittenBytes, after.WrittenBytes));
    }
}
