using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Configuration;
using Lumos.Core.Hosting;
using Lumos.Drivers.Files;
using Lumos.Drivers.Tools;
using Lumos.Network.Actions;
using Lumos.Network.Model;

namespace Lumos.Network.Applets;

/// <summary>nictagadm: nic tags listed, added, changed, deleted; each change is written to the configuration and made at once.</summary>
internal sealed class Nictagadm(AppletContext context, INetworkHost host, ConfigStore store, NetworkPaths paths, HostedConfig? hosted = null)
{
    private const string Usage = """
        usage: nictagadm add [-l] [-p prop=value,...] NAME [MAC]
               nictagadm delete [-f] NAME
               nictagadm exists [-l] NAME [NAME...]
               nictagadm list [-l | -L] [-p] [-d delim]
               nictagadm update [-p prop=value,...] NAME [MAC]
               nictagadm vms NAME
        """;

    private readonly NicTags _tags = new(host, store, paths, hosted);

    internal int Run()
    {
        var words = context.Args.Skip(1).ToList();
        if (hosted is not null && context.Args is ["add" or "delete" or "update", ..])
        {
            throw new LumosException("NicTagsAreHosted",
                $"nic tags of a hosted global zone stand in {HostedConfig.Path}; change them there, then \"svcadm refresh network/physical\"");
        }
        return context.Args.Count == 0 ? throw new UsageException(Usage) : context.Args[0] switch
        {
            "add" => Add(new ArgParser().Flag('l').Flag('v').Value('p').Parse(words)),
            "delete" => Delete(new ArgParser().Flag('f').Flag('v').Parse(words)),
            "exists" => Exists(new ArgParser().Flag('l').Flag('v').Parse(words)),
            "list" => List(new ArgParser().Flag('l').Flag('L').Flag('p').Flag('v').Value('d').Parse(words)),
            "update" => Update(new ArgParser().Flag('v').Value('p').Parse(words)),
            "vms" => Vms(new ArgParser().Flag('v').Parse(words)),
            "help" or "-h" or "--help" => Help(),
            var word => throw new UsageException($"unknown subcommand \"{word}\"\n{Usage}"),
        };
    }

    private int Help()
    {
        context.Out.WriteLine(Usage);
        return ExitStatus.Success;
    }

    private int List(ParsedArgs args)
    {
        if (args.Operands.Count > 0 || (args.Has('l') && args.Has('L')) || (args.Has('d') && !args.Has('p')))
        {
            throw new UsageException(Usage);
        }
        string delimiter = args.Get('d') ?? ":";
        var tags = _tags.List().Where(t => !(args.Has('l') && !t.IsEtherstub) && !(args.Has('L') && t.IsEtherstub));
        if (!args.Has('p'))
        {
            Row("NAME", "MACADDRESS", "LINK", "TYPE");
        }
        foreach (var tag in tags)
        {
            string[] fields = [tag.Name, tag.Mac?.ToString() ?? "-", tag.Link ?? "-", tag.IsEtherstub ? "etherstub" : "normal"];
            if (args.Has('p'))
            {
                context.Out.WriteLine(string.Join(delimiter, fields.Select(f => f.Replace(delimiter, "\\" + delimiter, StringComparison.Ordinal))));
            }
            else
            {
                Row(fields[0], fields[1], fields[2], fields[3]);
            }
        }
        return ExitStatus.Success;

        void Row(string name, string mac, string link, string type) =>
            context.Out.WriteLine($"{name,-15} {mac,-18} {link,-15} {type}");
    }

    private int Add(ParsedArgs args)
    {
        args.Expect(1, 2, "nic tag");
        string name = Checked(args.Operands[0]);
        var properties = Properties(args);
        string? macText = args.Operands.Count > 1 ? args.Operands[1] : properties.GetValueOrDefault("mac");
        bool etherstub = args.Has('l');
        if (etherstub && macText is not null)
        {
            throw new UsageException("an etherstub has no MAC address");
        }
        if (etherstub && !char.IsAsciiDigit(name[^1]))
        {
            throw new UsageException($"{name}: an etherstub's name ends with a digit");
        }
        if (!etherstub && macText is null)
        {
            throw new UsageException($"the MAC address of {name}'s NIC is missing");
        }
        return Change(config =>
        {
            var spec = NetworkConfigReader.Read(config);
            if (spec.Tag(name) is not null || config.NonEmpty($"{name}_nic") is not null)
            {
                throw new LumosException("NicTagExists", $"nic tag {name} exists already");
            }
            if (etherstub)
            {
                config = config.With("etherstub", string.Join(',', NetworkConfigReader.Etherstubs(config).Append(name)));
            }
            else
            {
                config = config.With($"{name}_nic", Nic(macText!, name, spec));
            }
            return properties.TryGetValue("mtu", out string? mtu) ? config.With($"{name}_mtu", mtu) : config;
        }, name);
    }

    private int Update(ParsedArgs args)
    {
        args.Expect(1, 2, "nic tag");
        string name = args.Operands[0];
        var properties = Properties(args);
        string? macText = args.Operands.Count > 1 ? args.Operands[1] : properties.GetValueOrDefault("mac");
        if (macText is null && !properties.ContainsKey("mtu"))
        {
            throw new UsageException($"nothing to change: give a MAC address or -p mtu=…\n{Usage}");
        }
        using (Lock())
        {
            var config = store.Read();
            var tag = NetworkConfigReader.Read(config).Tag(name) ?? throw NotFound(name);
            if (macText is not null)
            {
                if (tag.IsEtherstub)
                {
                    throw new UsageException($"{name} is an etherstub and has no MAC address");
                }
                config = config.With($"{name}_nic", Nic(macText, name, NetworkConfigReader.Read(config)));
            }
            if (properties.TryGetValue("mtu", out string? mtu))
            {
                config = config.With($"{name}_mtu", mtu);
            }
            store.Write(config);
        }
        context.Error.WriteLine($"nic tag {name} is changed in {store.Path}; it takes effect at the next reboot");
        return ExitStatus.Success;
    }

    private int Delete(ParsedArgs args)
    {
        args.Expect(1, 1, "nic tag");
        string name = args.Operands[0];
        using (Lock())
        {
            var config = store.Read();
            var spec = NetworkConfigReader.Read(config);
            if (spec.Tag(name) is null && config.NonEmpty($"{name}_nic") is null)
            {
                throw NotFound(name);
            }
            if (name == spec.AdminTag)
            {
                throw new LumosException("NicTagInUse", $"nic tag {name} is the host's own admin network and cannot be deleted");
            }
            var vms = _tags.VmsUsing(name);
            if (vms.Count > 0 && !args.Has('f'))
            {
                throw new LumosException("NicTagInUse",
                    $"nic tag {name} is in use by {string.Join(", ", vms)}; change their nics first, or delete it with -f");
            }
            if (spec.Addresses.Any(a => a.Tag == name) && !args.Has('f'))
            {
                throw new LumosException("NicTagInUse", $"nic tag {name} bears an address of the host; remove it from {store.Path} or delete with -f");
            }
            config = config.Without($"{name}_nic").Without($"{name}_mtu");
            var stubs = NetworkConfigReader.Etherstubs(config);
            if (stubs.Contains(name))
            {
                config = stubs.Count == 1 ? config.Without("etherstub") : config.With("etherstub", string.Join(',', stubs.Where(s => s != name)));
            }
            store.Write(config);
            if (host.Links().Any(l => l.Name == name && l.Kind == "bridge"))
            {
                host.DeleteLink(name);
            }
        }
        RenewSysinfo();
        return ExitStatus.Success;
    }

    private int Exists(ParsedArgs args)
    {
        args.Expect(1, int.MaxValue, "nic tag");
        var known = _tags.List().Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var missing = args.Operands.Where(name => !known.Contains(name)).ToList();
        if (args.Has('l'))
        {
            foreach (string name in missing)
            {
                context.Error.WriteLine(name);
            }
        }
        return missing.Count == 0 ? ExitStatus.Success : ExitStatus.Failure;
    }

    private int Vms(ParsedArgs args)
    {
        args.Expect(1, 1, "nic tag");
        string name = args.Operands[0];
        if (_tags.List().All(t => t.Name != name))
        {
            throw NotFound(name);
        }
        foreach (string vm in _tags.VmsUsing(name))
        {
            context.Out.WriteLine(vm);
        }
        return ExitStatus.Success;
    }

    /// <summary>Writes a change and makes it: what the reader or the planner finds fault with is refused before it is written.</summary>
    private int Change(Func<ShellConfig, ShellConfig> change, string name)
    {
        using (Lock())
        {
            var before = store.Read();
            var after = change(before);
            var spec = NetworkConfigReader.Read(after);
            var added = spec.Tag(name);
            string? fault = spec.Faults.Except(NetworkConfigReader.Read(before).Faults).FirstOrDefault();
            if (fault is not null || added is null)
            {
                throw new LumosException("BadNicTag", fault ?? $"nic tag {name} cannot be made");
            }
            var plan = NetworkPlan.Make(new NetworkSpec { AdminTag = spec.AdminTag, Tags = [added] }, host.Links());
            if (plan.Faults.Count > 0)
            {
                throw new LumosException("BadNicTag", plan.Faults[0]);
            }
            store.Write(after);
            var failures = new NetworkApplier(host, new NoDhcp(), _ => { }).Apply(plan);
            if (failures.Count > 0)
            {
                throw new LumosException("NicTagNotMade", $"nic tag {name} is written to {store.Path}, but {failures[0]}");
            }
        }
        RenewSysinfo();
        return ExitStatus.Success;
    }

    private string Nic(string text, string name, NetworkSpec spec)
    {
        if (!MacAddress.TryParse(text, out var mac))
        {
            throw new UsageException($"\"{text}\" is not a MAC address (link aggregations are not supported yet)");
        }
        if (spec.Tags.FirstOrDefault(t => t.Mac == mac && t.Name != name) is { } other)
        {
            throw new LumosException("NicInUse", $"{mac} is the NIC of tag {other.Name} already; several tags on one NIC are not supported yet");
        }
        return host.Links().Any(l => l.Kind is null && l.Mac == mac)
            ? mac.ToString()
            : throw new LumosException("NicNotFound", $"no NIC of this machine has the MAC address {mac}");
    }

    private static Dictionary<string, string> Properties(ParsedArgs args)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in args.GetAll('p').SelectMany(p => p.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            string[] parts = pair.Split('=', 2);
            if (parts.Length != 2 || parts[0] is not ("mac" or "mtu"))
            {
                throw new UsageException($"\"{pair}\" is no property of a nic tag (mac=…, mtu=…)");
            }
            properties[parts[0]] = parts[1];
        }
        if (properties.TryGetValue("mtu", out string? text) && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu)
            || mtu is < NicTag.SmallestMtu or > NicTag.LargestMtu))
        {
            throw new UsageException($"mtu={text}: from {NicTag.SmallestMtu} to {NicTag.LargestMtu}");
        }
        return properties;
    }

    private static string Checked(string name) =>
        NicTagName.Fault(name) is { } fault ? throw new UsageException($"the nic tag's name \"{name}\" {fault}") : name;

    private static LumosException NotFound(string name) => new("NicTagNotFound", $"nic tag {name} does not exist");

    private FileLock Lock() => FileLock.Acquire("network", TimeSpan.FromSeconds(60), context.Error.WriteLine);

    /// <summary>sysinfo names the tags of each NIC; its cache would tell of before.</summary>
    private static void RenewSysinfo()
    {
        try
        {
            _ = Tool.Run("sysinfo", "-u");
        }
        catch (Linux.ErrnoException)
        {
            // not installed beside us
        }
    }

    private sealed class NoDhcp : IDhcpClient
    {
        public void Start(string link)
        {
        }

        public void Stop(string link)
        {
        }
    }
}
