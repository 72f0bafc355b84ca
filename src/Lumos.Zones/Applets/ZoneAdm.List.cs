using System.Globalization;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Zones.Applets;

// zoneadm list.
internal sealed partial class ZoneAdm
{
    private int List(ZoneName? only, IEnumerable<string> words)
    {
        var args = new ArgParser().Flag('c').Flag('i').Flag('n').Flag('p').Flag('v').Parse(words).Expect(0, 0);
        if (args.Has('p') && args.Has('v'))
        {
            throw new UsageException("-p and -v cannot be used together\n" + Usage);
        }
        if (only is not null && (args.Has('c') || args.Has('i')))
        {
            throw new UsageException("-c and -i make no sense with -z\n" + Usage);
        }
        var zones = Zones(only, args).ToList();
        if (only is not null && zones.Count == 0)
        {
            throw new LumosException("ZoneNotConfigured", $"zone '{only}' is not configured");
        }
        if (args.Has('v'))
        {
            context.Out.WriteLine(Verbose("ID", "NAME", "STATUS", "PATH", "BRAND", "IP"));
        }
        foreach (var zone in zones)
        {
            string id = zone.Id?.ToString(CultureInfo.InvariantCulture) ?? "-";
            context.Out.WriteLine(
                args.Has('p') ? $"{id}:{zone.Name}:{zone.State.Word}:{zone.Path}:{zone.Uuid}:{zone.Brand}:{zone.IpType}:{zone.Did}"
                : args.Has('v') ? Verbose(id, zone.Name.Text, zone.State.Word, zone.Path, zone.Brand, zone.IpType)
                : zone.Name.Text);
        }
        return ExitStatus.Success;
    }

    // The running ones; with -i all that are installed, with -c all; the global zone first unless -n.
    private IEnumerable<Listed> Zones(ZoneName? only, ParsedArgs args)
    {
        if (ZoneNameCommand.Current() is { IsGlobal: false } here)
        {
            // Inside a zone there is that zone and no other.
            if (only is null || only == here)
            {
                yield return new Listed(here, null, ZoneState.Running, "/", here.Text, "-", "excl", 0);
            }
            yield break;
        }
        if (only is { IsGlobal: true } || (only is null && !args.Has('n')))
        {
            yield return new Listed(ZoneName.Global, 0, ZoneState.Running, "/", "", "liveimg", "shared", 0);
        }
        var runtime = makeRuntime(_ => { });
        var found = _store.ReadIndex().Zones
            .Where(entry => only is null || entry.Name == only)
            .Select(entry => (Entry: entry, Status: runtime.Status(entry.Name)))
            .Where(z => only is not null || args.Has('c') || (args.Has('i')
                ? z.Status.State is not ZoneState.Configured
                : z.Status.State is not (ZoneState.Configured or ZoneState.Incomplete or ZoneState.Installed)))
            .OrderBy(z => z.Status.ZoneId ?? int.MaxValue);
        foreach (var (entry, status) in found)
        {
            var config = args.Has('p') || args.Has('v') ? _store.TryLoad(entry.Name) : null;
            yield return new Listed(
                entry.Name, status.ZoneId, status.State, entry.Path, entry.Uuid, config?.Brand.Name ?? "-",
                config?.IpType == "exclusive" ? "excl" : "shared", config?.ZoneDid ?? 0);
        }
    }

    private static string Verbose(string id, string name, string status, string path, string brand, string ip) =>
        $"{id,4} {name,-16} {status,-10} {path,-30} {brand,-8} {ip,-6}";

    private sealed record Listed(
        ZoneName Name, int? Id, ZoneState State, string Path, string Uuid, string Brand, string IpType, int Did);
}
