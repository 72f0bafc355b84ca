using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;
using Lumos.Zones.Statistics;

namespace Lumos.Zones.Applets;

/// <summary>zps: processes with the zone each is in, as SmartOS's ps -efZ; the ps of the platform is Linux's own and knows no zones.</summary>
internal sealed class ZonePs(AppletContext context, ZoneLayout layout, Func<IEnumerable<ProcessEntry>> processes)
{
    private const string Usage = "usage: zps [-Hp] [-o FIELD,...] [-s FIELD,...] [-z ZONE]";
    private const string Default = "zone,uid,pid,ppid,stime,tty,time,cmd";

    private sealed record Row(string Zone, uint User, ProcessEntry Entry);

    private static readonly Table<Row> Table = new(
        new Column<Row>("zone", 36, r => r.Zone),
        Right("uid", 5, r => Number(r.User)),
        Right("pid", 7, r => Number(r.Entry.Pid)),
        Right("ppid", 7, r => Number(r.Entry.Parent)),
        Right("stime", 8, r => Started(r.Entry.Start)),
        new Column<Row>("tty", 7, r => r.Entry.Terminal),
        Right("time", 8, r => $"{(long)r.Entry.CpuTime.TotalMinutes}:{r.Entry.CpuTime.Seconds:00}"),
        Right("rss", 7, r => Number(r.Entry.Rss >> 10)),
        new Column<Row>("comm", 15, r => r.Entry.Name),
        new Column<Row>("cmd", 1, r => r.Entry.Command));

    internal int Run()
    {
        // e, f and Z are what is done anyway; they are there for habit.
        var args = new ArgParser().Flag('h', "help").Flag('H').Flag('p').Flag('e').Flag('f').Flag('Z').Value('o').Value('s').Value('z')
            .Parse(context.Args).Expect(0, 0);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        string fields = args.Get('o') ?? Default;
        _ = Table.Columns(fields);
        var store = new ZoneConfigStore(layout);
        var zones = store.ReadIndex().Zones.Select(z => z.Name).ToDictionary(name => name, name => store.TryLoad(name)?.ZoneDid);
        if (args.Get('z') is { } wanted && wanted != "global" && !zones.Keys.Any(z => z.Text == wanted))
        {
            throw new LumosException("ZoneNotConfigured", $"zone '{wanted}' is not configured");
        }
        var rows = processes().Select(p => RowOf(p, zones)).Where(r => (args.Get('z') ?? r.Zone) == r.Zone);
        var sorted = args.Get('s') is { } order ? Table.Sort(rows, order) : rows;
        if (args.Has('p'))
        {
            Table.WriteParsable(context.Out, sorted, fields);
        }
        else
        {
            Table.Write(context.Out, sorted, fields, !args.Has('H'));
        }
        return ExitStatus.Success;
    }

    // The user is shown as the zone numbers it.
    private Row RowOf(ProcessEntry process, Dictionary<ZoneName, int?> zones)
    {
        if (ZoneOfProcess.Find(process.Pid, layout.CgroupParent, zones.ContainsKey) is not { } zone)
        {
            return new Row("global", process.User, process);
        }
        uint first = zones[zone] is { } did ? ZoneSpec.FirstIdOf(did) : 0;
        return new Row(zone.Text, process.User >= first && process.User - first < ZoneSpec.IdCount ? process.User - first : process.User, process);
    }

    private static string Started(DateTimeOffset start) => DateTimeOffset.UtcNow - start < TimeSpan.FromDays(1)
        ? start.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)
        : start.ToLocalTime().ToString("MMM_dd", CultureInfo.InvariantCulture);

    private static Column<Row> Right(string field, int width, Func<Row, string?> value) => new(field, width, value) { AlignRight = true };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
