using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Applets;

/// <summary>zonecfg: shows a zone's configuration. It changes none: that is vmadm's.</summary>
internal sealed class ZoneCfg(AppletContext context, ZoneLayout layout)
{
    private const string Usage = "usage: zonecfg -z ZONE info | export";

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Value('z').StopAtFirstOperand().Parse(context.Args);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        if (args.Get('z') is not { } text)
        {
            throw new UsageException("missing -z ZONE\n" + Usage);
        }
        if (!args.TryOperand(0, out string? subcommand))
        {
            throw new LumosException("NotSupported", $"zonecfg has no session of its own here; vmadm(8) changes zones\n{Usage}", ExitStatus.Usage);
        }
        var zone = new ZoneConfigStore(layout).Load(ZoneName.Parse(text));
        switch (subcommand)
        {
            case "info":
                Info(zone, context.Out);
                return ExitStatus.Success;
            case "export":
                Export(zone, context.Out);
                return ExitStatus.Success;
            default:
                throw new LumosException("NotSupported", $"zonecfg {subcommand} is not part of this system; vmadm(8) makes, changes and removes zones");
        }
    }

    internal static void Info(ZoneConfig zone, TextWriter output)
    {
        foreach (var (name, value) in Globals(zone))
        {
            output.WriteLine(value.Length > 0 ? $"{name}: {value}" : name + ":");
        }
        foreach (var (resource, properties) in Resources(zone))
        {
            output.WriteLine(resource + ":");
            foreach (var (name, value) in properties)
            {
                output.WriteLine($"\t{name}: {value}");
            }
        }
    }

    internal static void Export(ZoneConfig zone, TextWriter output)
    {
        output.WriteLine("create -b");
        foreach (var (name, value) in Globals(zone).Where(g => g.Key != "zonename" && g.Value.Length > 0))
        {
            output.WriteLine($"set {name}={Quote(value)}");
        }
        foreach (var (resource, properties) in Resources(zone))
        {
            output.WriteLine("add " + resource);
            foreach (var (name, value) in properties)
            {
                // Several values of one property are added one by one: they stand in parentheses.
                output.WriteLine(value.StartsWith('(') ? $"add {name} {value}" : $"set {name}={Quote(value)}");
            }
            output.WriteLine("end");
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Globals(ZoneConfig zone) =>
    [
        KeyValuePair.Create("zonename", zone.Name.Text),
        KeyValuePair.Create("zonepath", zone.ZonePath),
        KeyValuePair.Create("brand", zone.Brand.Name),
        KeyValuePair.Create("autoboot", zone.Autoboot ? "true" : "false"),
        KeyValuePair.Create("bootargs", zone.BootArgs ?? ""),
        KeyValuePair.Create("limitpriv", zone.LimitPriv ?? ""),
        KeyValuePair.Create("ip-type", zone.IpType),
        KeyValuePair.Create("fs-allowed", zone.FsAllowed ?? ""),
    ];

    private static IEnumerable<(string Resource, List<KeyValuePair<string, string>> Properties)> Resources(ZoneConfig zone)
    {
        foreach (var fs in zone.FileSystems)
        {
            yield return ("fs", [Pair("dir", fs.Directory), Pair("special", fs.Special), Pair("type", fs.Type),
                .. fs.Options.Select(o => Pair("options", $"({o})"))]);
        }
        foreach (var net in zone.Networks)
        {
            yield return ("net", [Pair("physical", net.Physical), .. Maybe("mac-addr", net.MacAddr), .. Maybe("vlan-id", net.VlanId),
                .. Maybe("global-nic", net.GlobalNic), .. net.NetAttrs.Select(Property)]);
        }
        foreach (var device in zone.Devices)
        {
            yield return ("device", [Pair("match", device.Match), .. device.NetAttrs.Select(Property)]);
        }
        foreach (var rctl in zone.Rctls)
        {
            yield return ("rctl", [Pair("name", rctl.Name),
                .. rctl.Values.Select(v => Pair("value", $"(priv={v.Privilege},limit={v.Limit},action={v.Action})"))]);
        }
        foreach (var attr in zone.Attrs)
        {
            yield return ("attr", [Pair("name", attr.Name), Pair("type", attr.Type), Pair("value", attr.Value)]);
        }
        foreach (string dataset in zone.Datasets)
        {
            yield return ("dataset", [Pair("name", dataset)]);
        }
        if (zone.PhysicalCap is { } cap)
        {
            yield return ("capped-memory", [Pair("physical", cap.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        }
    }

    private static KeyValuePair<string, string> Property(KeyValuePair<string, string> attr) =>
        Pair("property", $"(name={attr.Key},value={Quote(attr.Value)})");

    private static KeyValuePair<string, string> Pair(string name, string value) => KeyValuePair.Create(name, value);

    private static IEnumerable<KeyValuePair<string, string>> Maybe(string name, string? value) => value is null ? [] : [Pair(name, value)];

    private static string Quote(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || "/._:-".Contains(c)) ? value : $"\"{value}\"";
}
