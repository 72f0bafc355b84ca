using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Applets;

/// <summary>zoneadm.</summary>
internal sealed class ZoneAdm(AppletContext context, ZoneLayout layout, Func<Action<string>, IZoneRuntime> makeRuntime)
{
    private const string Usage = """
        usage: zoneadm list [-cinpv]
               zoneadm -z ZONE list [-pv]
               zoneadm -z ZONE boot | halt | reboot | shutdown [-r]
        """;

    /// <summary>A guest that does not stop is not waited for beyond this.</summary>
    private static readonly TimeSpan ShutdownTime = TimeSpan.FromMinutes(10);

    private readonly ZoneConfigStore _store = new(layout);

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Value('z').Value('u').StopAtFirstOperand().Parse(context.Args);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        if (!args.TryOperand(0, out string? subcommand))
        {
            throw new UsageException("missing subcommand\n" + Usage);
        }
        var words = args.Operands.Skip(1);
        var name = Selected(args);
        if (subcommand == "list")
        {
            return List(name, words);
        }
        if (subcommand is not ("boot" or "halt" or "reboot" or "shutdown" or "ready" or "install" or "uninstall" or "verify"
            or "clone" or "move" or "attach" or "detach" or "mount" or "unmount" or "mark" or "apply"))
        {
            throw new UsageException($"unknown subcommand \"{subcommand}\"\n{Usage}");
        }
        ZonesApplets.RequireGlobalRoot("zoneadm " + subcommand);
        if (name is null)
        {
            throw new UsageException($"zoneadm {subcommand} needs -z ZONE\n{Usage}");
        }
        if (name.IsGlobal)
        {
            throw new LumosException("GlobalZone", $"the global zone cannot be the object of {subcommand}");
        }
        return Change(name, subcommand, words);
    }

    private int Change(ZoneName name, string subcommand, IEnumerable<string> words)
    {
        var runtime = makeRuntime(warning => context.Error.WriteLine($"zoneadm: {warning}"));
        switch (subcommand)
        {
            case "boot":
                new ArgParser().Parse(words).Expect(0, 0);
                runtime.Boot(Spec(name));
                break;
            case "halt":
                new ArgParser().Parse(words).Expect(0, 0);
                runtime.Halt(RequireConfigured(name));
                break;
            case "reboot":
                // As in illumos: at once, its processes are not asked.
                new ArgParser().Parse(words).Expect(0, 0);
                if (!runtime.Status(name).State.CanEnter)
                {
                    throw new LumosException("ZoneNotRunning", $"zone '{name}' is not running; boot it");
                }
                runtime.Halt(name);
                runtime.Boot(Spec(name));
                break;
            case "shutdown":
                bool reboot = new ArgParser().Flag('r').Parse(words).Expect(0, 0).Has('r');
                if (!runtime.Shutdown(name, reboot ? ZoneShutdown.Reboot : ZoneShutdown.Halt, ShutdownTime))
                {
                    throw new LumosException("ShutdownTimedOut",
                        $"zone '{name}' has not stopped after {ShutdownTime.TotalMinutes:0} minutes; \"zoneadm -z {name} halt\" stops it at once");
                }
                if (reboot)
                {
                    runtime.Boot(Spec(name));
                }
                break;
            default:
                throw new LumosException("NotSupported", $"zoneadm {subcommand} is not part of this system; vmadm(8) makes, changes and removes zones");
        }
        return ExitStatus.Success;
    }

    private int List(ZoneName? only, IEnumerable<string> words)
    {
        var args = new ArgParser().Flag('c').Flag('i').Flag('n').Flag('p').Flag('v').Parse(words).Expect(0, 0);
        if (args.Has('p') && args.Has('v'))
        {
            throw new UsageException("-p and -v cannot be used together\n" + Usage);
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

    private ZoneName? Selected(ParsedArgs args)
    {
        if (args.Get('z') is { } text)
        {
            return ZoneName.Parse(text);
        }
        if (args.Get('u') is { } uuid)
        {
            return _store.ReadIndex().Zones.FirstOrDefault(z => z.Uuid == uuid)?.Name
                ?? throw new LumosException("ZoneNotConfigured", $"no zone has UUID {uuid}");
        }
        return null;
    }

    private ZoneSpec Spec(ZoneName name) => ZoneSpecReader.Load(_store, name);

    private ZoneName RequireConfigured(ZoneName name) => _store.ReadIndex().Find(name)?.Name
        ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");

    private static string Verbose(string id, string name, string status, string path, string brand, string ip) =>
        $"{id,4} {name,-16} {status,-10} {path,-30} {brand,-8} {ip,-6}";

    private sealed record Listed(
        ZoneName Name, int? Id, ZoneState State, string Path, string Uuid, string Brand, string IpType, int Did);
}
