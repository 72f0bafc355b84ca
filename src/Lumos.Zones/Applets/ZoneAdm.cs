using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Administration;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Config;

namespace Lumos.Zones.Applets;

/// <summary>zoneadm. How zones are listed is in ZoneAdm.List.cs.</summary>
internal sealed partial class ZoneAdm(
    AppletContext context, ZoneLayout layout, Func<Action<string>, IZoneRuntime> makeRuntime, Func<IDatasets> openDatasets)
{
    private const string Usage = """
        usage: zoneadm list [-cinpv]
               zoneadm help [SUBCOMMAND]
               zoneadm {-z ZONE | -u UUID} SUBCOMMAND [OPTION ...]
        """;

    /// <summary>What each subcommand takes and does, in the order of help.</summary>
    private static readonly IReadOnlyList<(string Name, string Words, string Does)> Subcommands =
    [
        ("list", "[-cinpv]", "show zones: -c all, -i installed ones, -n not the global zone, -p for programs, -v in a table"),
        ("boot", "[-- BOOT-OPTION ...]", "bring the zone up (-s single user, -i PROGRAM another init, -m milestone=NAME)"),
        ("ready", "", "bring the zone up without starting its init"),
        ("halt", "", "end all its processes at once"),
        ("reboot", "[-- BOOT-OPTION ...]", "halt and boot"),
        ("shutdown", "[-r [-- BOOT-OPTION ...]]", "ask its init to stop, and wait; -r: boot it again"),
        ("verify", "", "tell what keeps it from being installed or booted"),
        ("install", "[-t IMAGE] [-q GIB] [-U UUID]", "make its root of an image"),
        ("clone", "[-m clone] [-s SNAPSHOT] ZONE", "make its root of another zone's"),
        ("attach", "[-F] [-n FILE]", "take up the files of a detached zone"),
        ("detach", "[-n]", "leave its files for another configuration or machine"),
        ("uninstall", "[-F]", "destroy its files"),
        ("mark", "incomplete", "say that it is not to be used any more"),
        ("apply", "", "put the limits of its configuration on the running zone"),
    ];

    /// <summary>What other systems have, and why it is not here.</summary>
    private static readonly IReadOnlyDictionary<string, string> Refused = new Dictionary<string, string>
    {
        ["mount"] = "the files of a zone that is down are at ZONEPATH/root as they are, and there is nothing to mount",
        ["unmount"] = "there is nothing to unmount: \"zoneadm mount\" is not part of this system",
        ["move"] = "a zone lies at /POOL/NAME; \"vmadm send\" and \"vmadm receive\" bring it to another pool",
    };

    /// <summary>A guest that does not stop is not waited for beyond this.</summary>
    private static readonly TimeSpan ShutdownTime = TimeSpan.FromMinutes(10);

    private readonly ZoneConfigStore _store = new(layout);

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Value('z').Value('u').StopAtFirstOperand().Parse(context.Args);
        if (args.Has('h'))
        {
            return Help(null);
        }
        if (!args.TryOperand(0, out string? subcommand))
        {
            throw new UsageException("missing subcommand\n" + Usage);
        }
        var words = args.Operands.Skip(1).ToList();
        if (subcommand == "help")
        {
            return Help(words.FirstOrDefault());
        }
        var name = Selected(args);
        if (subcommand == "list")
        {
            return List(name, words);
        }
        if (Refused.TryGetValue(subcommand, out string? why))
        {
            throw new LumosException("NotSupported", $"zoneadm {subcommand} is not part of this system: {why}");
        }
        if (!Subcommands.Any(s => s.Name == subcommand))
        {
            throw new UsageException($"unknown subcommand \"{subcommand}\"\n{Usage}");
        }
        ZonesApplets.RequireGlobalRoot("zoneadm " + subcommand);
        if (subcommand == "attach" && words is ["-n", ..] or [['-', 'n', _, ..], ..])
        {
            return CheckAttach(new ArgParser().Value('n').Parse(words).Expect(0, 0).Get('n')!);
        }
        if (name is null)
        {
            throw new UsageException($"zoneadm {subcommand} needs -z ZONE\n{Usage}");
        }
        if (name.IsGlobal)
        {
            throw new LumosException("GlobalZone", $"the global zone cannot be the object of {subcommand}");
        }
        return Change(RequireConfigured(name), subcommand, words);
    }

    private int Change(ZoneName name, string subcommand, IReadOnlyList<string> words)
    {
        void Say(string sentence) => context.Error.WriteLine($"zoneadm: {sentence}");
        var runtime = makeRuntime(Say);
        ZoneInstaller Installer() => new(layout, runtime, openDatasets(), Say);
        switch (subcommand)
        {
            case "boot":
                Boot(runtime, Spec(name, Options(words)), Say);
                break;
            case "ready":
                None(words);
                runtime.Ready(Spec(name, null));
                break;
            case "halt":
                None(words);
                runtime.Halt(name);
                break;
            case "reboot":
                // As in illumos: at once, its processes are not asked.
                var spec = Spec(name, Options(words));
                if (!runtime.Status(name).State.CanEnter)
                {
                    throw new LumosException("ZoneNotRunning", $"zone '{name}' is not running; boot it");
                }
                runtime.Halt(name);
                Boot(runtime, spec, Say);
                break;
            case "shutdown":
                ShutDown(runtime, name, words, Say);
                break;
            case "apply":
                None(words);
                if (!runtime.Status(name).State.CanEnter)
                {
                    throw new LumosException("ZoneNotRunning", $"zone '{name}' is not running; its configuration counts when it boots");
                }
                runtime.ApplyLimits(Spec(name, null));
                break;
            case "verify":
                None(words);
                return Verify(name);
            case "install":
                Install(Installer(), name, words);
                break;
            case "clone":
                Clone(Installer(), name, words);
                break;
            case "attach":
                Installer().Attach(name, new ArgParser().Flag('F').Parse(words).Expect(0, 0).Has('F'));
                break;
            case "detach":
                if (new ArgParser().Flag('n').Parse(words).Expect(0, 0).Has('n'))
                {
                    context.Out.Write(ZoneConfigXml.Write(_store.Load(name)));
                    break;
                }
                Installer().Detach(name);
                break;
            case "uninstall":
                Confirm($"Are you sure you want to uninstall zone {name}", new ArgParser().Flag('F').Parse(words).Expect(0, 0).Has('F'), subcommand);
                Installer().Uninstall(name);
                break;
            case "mark":
                if (words is not ["incomplete"])
                {
                    throw new UsageException($"zoneadm mark takes one state: incomplete\n{Usage}");
                }
                Installer().MarkIncomplete(name);
                break;
            default:
                throw new InvalidOperationException(subcommand);
        }
        return ExitStatus.Success;
    }

    private void Boot(IZoneRuntime runtime, ZoneSpec spec, Action<string> say)
    {
        runtime.Boot(spec);
        if (ZoneDatasets.Of(_store.Load(spec.Name), layout.MountRoot) is { } root)
        {
            new ZoneCheckpoints(layout, openDatasets(), say).Bring(spec.Name, root);
        }
    }

    private void ShutDown(IZoneRuntime runtime, ZoneName name, IReadOnlyList<string> words, Action<string> say)
    {
        var (own, boot) = Split(words);
        bool reboot = new ArgParser().Flag('r').Parse(own).Expect(0, 0).Has('r');
        if (boot.Count > 0 && !reboot)
        {
            throw new UsageException("boot options go with -r\n" + Usage);
        }
        var spec = reboot ? Spec(name, ZoneBootOptions.Parse(boot)) : null;
        if (!runtime.Shutdown(name, reboot ? ZoneShutdown.Reboot : ZoneShutdown.Halt, ShutdownTime))
        {
            throw new LumosException("ShutdownTimedOut",
                $"zone '{name}' has not stopped after {ShutdownTime.TotalMinutes:0} minutes; \"zoneadm -z {name} halt\" stops it at once");
        }
        if (spec is not null)
        {
            Boot(runtime, spec, say);
        }
    }

    private static void Install(ZoneInstaller installer, ZoneName name, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('t').Value('q').Value('U').Value('x').Parse(words).Expect(0, 0);
        if (args.Has('x'))
        {
            throw new LumosException("NotSupported", "install -x is not part of this system: a zone is a dataset; \"attach -F\" takes up one that is there");
        }
        long? quota = args.Get('q') is not { } text ? null
            : long.TryParse(text.TrimEnd('g', 'G'), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long gib) && gib <= 1 << 30
                ? gib
                : throw new UsageException($"install -q takes a number of GiB, not \"{text}\"");
        installer.Install(name, new InstallOptions(args.Get('t'), quota, args.Get('U')));
    }

    private static void Clone(ZoneInstaller installer, ZoneName name, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('m').Value('s').Parse(words).Expect(1, 1, "zone to clone");
        if (args.Get('m') is { } method and not "clone")
        {
            throw new LumosException("NotSupported", $"clone -m {method} is not part of this system: a clone shares what it does not change; \"vmadm send\" copies");
        }
        installer.Clone(name, ZoneName.Parse(args.Operands[0]), args.Get('s'));
    }

    private int Verify(ZoneName name)
    {
        var faults = ZoneVerify.Faults(_store.Load(name), openDatasets(), layout.MountRoot, layout.Links, bridge => Directory.Exists($"/sys/class/net/{bridge}/bridge"));
        foreach (string fault in faults)
        {
            context.Error.WriteLine($"zoneadm: zone '{name}': {fault}");
        }
        return faults.Count == 0 ? ExitStatus.Success : ExitStatus.Failure;
    }

    private int CheckAttach(string file)
    {
        string text = file == "-" ? context.In.ReadToEnd() : File.ReadAllText(file);
        var faults = ZoneInstaller.AttachFaults(text, file == "-" ? "standard input" : file);
        foreach (string fault in faults)
        {
            context.Error.WriteLine("zoneadm: " + fault);
        }
        return faults.Count == 0 ? ExitStatus.Success : ExitStatus.Failure;
    }

    private int Help(string? subject)
    {
        context.Out.WriteLine(Usage);
        foreach (var (name, words, does) in Subcommands.Where(s => subject is null || s.Name == subject))
        {
            context.Out.WriteLine($"\n{name} {words}".TrimEnd() + $"\n\t{does}");
        }
        return ExitStatus.Success;
    }

    private void Confirm(string question, bool forced, string subcommand)
    {
        if (forced)
        {
            return;
        }
        if (!context.InputIsTerminal())
        {
            throw new LumosException("NotConfirmed", $"Input not from terminal and -F not specified: {subcommand} command ignored");
        }
        context.Out.Write($"{question} (y/[n])? ");
        context.Out.Flush();
        if (context.In.ReadLine() is not ['y' or 'Y', ..])
        {
            throw new LumosException("NotConfirmed", "nothing is changed");
        }
    }

    // boot -- -s; the dashes may be left out.
    private static ZoneBootOptions Options(IReadOnlyList<string> words)
    {
        var (own, boot) = Split(words);
        return ZoneBootOptions.Parse([.. own, .. boot]);
    }

    private static (List<string> Own, List<string> Boot) Split(IReadOnlyList<string> words)
    {
        int dashes = words.ToList().IndexOf("--");
        return dashes < 0 ? ([.. words], []) : ([.. words.Take(dashes)], [.. words.Skip(dashes + 1)]);
    }

    private static void None(IReadOnlyList<string> words) => new ArgParser().Parse(words).Expect(0, 0);

    // What was asked for goes before what the configuration says.
    private ZoneSpec Spec(ZoneName name, ZoneBootOptions? options)
    {
        var config = _store.Load(name);
        if (_store.ReadIndex().Find(name)?.State == ZoneState.Installed)
        {
            ZoneDatasets.MountWhenMissing(openDatasets, config, layout.MountRoot);
        }
        var spec = ZoneSpecReader.Load(_store, name);
        return (options is { IsEmpty: false } ? options : ZoneBootOptions.OfConfig(config.BootArgs)).Apply(spec);
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

    private ZoneName RequireConfigured(ZoneName name) => _store.ReadIndex().Find(name)?.Name
        ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
}
