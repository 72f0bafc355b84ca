using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;
using Lumos.Zones.Statistics;

namespace Lumos.Zones.Applets;

/// <summary>zonememstat: the memory of zones, and how often they ran into their caps.</summary>
internal sealed class ZoneMemStat(AppletContext context, ZoneLayout layout, UsageReader reader, Func<MachineMemory> machine)
{
    private const string Usage = "usage: zonememstat [-aHopt] [-z ZONE]";

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Flag('a').Flag('H').Flag('o').Flag('p').Flag('t').Value('z').Parse(context.Args).Expect(0, 0);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        bool alias = args.Has('a');
        var zones = reader.ReadAll();
        var rows = new List<(string Zone, string Alias, ZoneUsage? Usage, long? Rss)>();
        if (args.Get('z') is null && !args.Has('o'))
        {
            rows.Add(("global", "-", null, Math.Max(0, machine().Used - zones.Sum(z => z.Rss ?? 0))));
        }
        var store = new ZoneConfigStore(layout);
        foreach (var zone in zones.Where(z => (args.Get('z') ?? z.Name.Text) == z.Name.Text && (!args.Has('o') || z.TimesOver > 0)))
        {
            rows.Add((zone.Name.Text, alias ? Alias(store, zone.Name) : "", zone, args.Has('p') ? ProcessesOf(zone.Name) : zone.Rss));
        }
        if (args.Get('z') is { } wanted && rows.Count == 0 && wanted != "global")
        {
            throw new LumosException("ZoneNotRunning", $"zone '{wanted}' is not up");
        }
        if (!args.Has('H'))
        {
            context.Out.WriteLine(Line("ZONE", "ALIAS", "RSS(MB)", "CAP(MB)", "NOVER", "POUT(MB)", "SWAP%", alias));
        }
        foreach (var (zone, name, usage, rss) in rows)
        {
            context.Out.WriteLine(Line(zone, name, Megabytes(rss), Megabytes(usage?.MemoryCap), Number(usage?.TimesOver), Megabytes(usage?.PagedOut),
                usage?.SwapPercent?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-", alias));
        }
        if (args.Has('t'))
        {
            context.Out.WriteLine(Line("total", "-", Megabytes(rows.Sum(r => r.Rss ?? 0)), Megabytes(rows.Sum(r => r.Usage?.MemoryCap ?? 0)),
                Number(rows.Sum(r => r.Usage?.TimesOver ?? 0)), Megabytes(rows.Sum(r => r.Usage?.PagedOut ?? 0)), "-", alias));
        }
        return ExitStatus.Success;
    }

    // As on SmartOS: pages that several processes share count for each of them.
    private long? ProcessesOf(ZoneName name) =>
        ProcessEntry.ReadAll().Where(p => ZoneOfProcess.Find(p.Pid, layout.CgroupParent, z => z == name) is not null).Sum(p => p.Rss);

    private static string Alias(ZoneConfigStore store, ZoneName name) => store.TryLoad(name)?.Base64Attr(ZoneAttrNames.Alias) is { Length: > 0 } alias ? alias : "-";

    private static string Megabytes(long? bytes) => Number(bytes >> 20);

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Line(string zone, string alias, string rss, string cap, string over, string paged, string swap, bool withAlias) =>
        $"{zone,37}{(withAlias ? $" {alias,12}" : "")} {rss,8} {cap,8} {over,8} {paged,9} {swap,5}";
}
