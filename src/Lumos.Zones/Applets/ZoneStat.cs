using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Statistics;

namespace Lumos.Zones.Applets;

/// <summary>zonestat: processor, memory, tasks and I/O of each zone, once or at an interval.</summary>
internal sealed class ZoneStat(AppletContext context, UsageReader reader, Action<TimeSpan> wait)
{
    private const string Usage = "usage: zonestat [-Hjp] [-o FIELD,...] [-s FIELD,...] [-z ZONE] [INTERVAL [COUNT]]";
    private const string Default = "zone,zoneid,tasks,cpu,cap,time,rss,rsscap,swap,read,write";

    private static readonly Table<ZoneRates> Table = new(
        new Column<ZoneRates>("zone", 36, z => z.Usage.Name.Text),
        Right("zoneid", 6, z => Number(z.Usage.ZoneId)),
        Right("tasks", 6, z => Number(z.Usage.Tasks)),
        Right("cpu", 6, z => z.CpuPercent?.ToString("0.0", CultureInfo.InvariantCulture), "CPU%"),
        Right("cap", 5, z => Number(z.Usage.CpuCap), "CAP%"),
        Right("time", 9, z => z.Usage.CpuTime is { } time ? $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : null),
        Right("rss", 7, z => Megabytes(z.Usage.Rss), "RSS(MB)"),
        Right("rsscap", 7, z => Megabytes(z.Usage.MemoryCap), "CAP(MB)"),
        Right("swap", 8, z => Megabytes(z.Usage.Swap), "SWAP(MB)"),
        Right("read", 7, z => Kilobytes(z.ReadPerSecond), "RKB/s"),
        Right("write", 7, z => Kilobytes(z.WrittenPerSecond), "WKB/s"),
        Right("nover", 7, z => Number(z.Usage.TimesOver)),
        Right("uptime", 9, z => z.Usage.Uptime is { } up ? Number((long)up.TotalSeconds) : null));

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Flag('H').Flag('j').Flag('p').Value('o').Value('s').Value('z').Parse(context.Args);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        args.Expect(0, 2);
        string fields = args.Get('o') ?? Default;
        _ = Table.Columns(fields);
        _ = Table.Sort([], args.Get('s') ?? "zone");
        var interval = TimeSpan.FromSeconds(Positive(args, 0, "interval") ?? 0);
        long left = Positive(args, 1, "count") ?? (interval == TimeSpan.Zero ? 1 : long.MaxValue);

        // Without an interval: what each zone did since it was booted, as vmstat's first line.
        Dictionary<string, ZoneUsage> before = [];
        var clock = Stopwatch.StartNew();
        if (interval > TimeSpan.Zero)
        {
            before = Look(args);
        }
        while (left-- > 0)
        {
            wait(interval);
            var elapsed = clock.Elapsed;
            clock.Restart();
            var now = Look(args);
            Show(args, fields, Table.Sort(now.Values.Select(z => ZoneRates.Between(before.GetValueOrDefault(z.Name.Text), z, elapsed)), args.Get('s') ?? "zone"));
            before = now;
        }
        return ExitStatus.Success;
    }

    private Dictionary<string, ZoneUsage> Look(ParsedArgs args)
    {
        var zones = reader.ReadAll().Where(z => (args.Get('z') ?? z.Name.Text) == z.Name.Text).ToDictionary(z => z.Name.Text);
        return args.Get('z') is { } wanted && zones.Count == 0
            ? throw new LumosException("ZoneNotRunning", $"zone '{wanted}' is not up")
            : zones;
    }

    private void Show(ParsedArgs args, string fields, IReadOnlyList<ZoneRates> zones)
    {
        if (args.Has('j'))
        {
            context.Out.WriteLine(Json(zones).ToJsonString());
        }
        else if (args.Has('p'))
        {
            Table.WriteParsable(context.Out, zones, fields);
        }
        else
        {
            Table.Write(context.Out, zones, fields, !args.Has('H'));
        }
        context.Out.Flush();
    }

    // One object a line; what is not known is not there.
    private static JsonObject Json(IReadOnlyList<ZoneRates> zones)
    {
        var list = new JsonArray();
        foreach (var zone in zones)
        {
            var json = new JsonObject { ["zonename"] = zone.Usage.Name.Text };
            void Add(string name, double? value)
            {
                if (value is { } number)
                {
                    json[name] = number;
                }
            }
            Add("zoneid", zone.Usage.ZoneId);
            Add("tasks", zone.Usage.Tasks);
            Add("cpu_percent", zone.CpuPercent is { } cpu ? Math.Round(cpu, 2) : null);
            Add("cpu_cap", zone.Usage.CpuCap);
            Add("cpu_seconds", zone.Usage.CpuTime?.TotalSeconds);
            Add("rss", zone.Usage.Rss);
            Add("memory_cap", zone.Usage.MemoryCap);
            Add("times_over_cap", zone.Usage.TimesOver);
            Add("paged_out", zone.Usage.PagedOut);
            Add("swap", zone.Usage.Swap);
            Add("swap_cap", zone.Usage.SwapCap);
            Add("read_bytes_per_second", zone.ReadPerSecond is { } read ? Math.Round(read) : null);
            Add("written_bytes_per_second", zone.WrittenPerSecond is { } written ? Math.Round(written) : null);
            Add("uptime", zone.Usage.Uptime is { } up ? Math.Round(up.TotalSeconds, 2) : null);
            list.Add((JsonNode)json);
        }
        return new JsonObject { ["time"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), ["zones"] = list };
    }

    private static long? Positive(ParsedArgs args, int place, string what) => !args.TryOperand(place, out string? text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number is > 0 and < int.MaxValue
            ? number
            : throw new UsageException($"{what} \"{text}\" is not a number above 0\n{Usage}");

    private static Column<ZoneRates> Right(string field, int width, Func<ZoneRates, string?> value, string? heading = null) =>
        new(field, width, value) { AlignRight = true, Heading = heading ?? field.ToUpperInvariant() };

    private static string? Megabytes(long? bytes) => Number(bytes >> 20);

    private static string? Kilobytes(double? bytes) => bytes is { } rate ? (rate / 1024).ToString("0", CultureInfo.InvariantCulture) : null;

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
