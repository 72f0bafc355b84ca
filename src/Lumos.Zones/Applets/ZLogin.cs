using System.Text;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Terminals;
using Lumos.Zones.Config;
using Lumos.Zones.Consoles;
using Lumos.Zones.Docker;
using Lumos.Zones.Login;

namespace Lumos.Zones.Applets;

/// <summary>zlogin.</summary>
internal sealed class ZLogin(AppletContext context, ZoneLayout layout, Func<Action<string>, IZoneRuntime> makeRuntime)
{
    internal int Run()
    {
        var options = LoginOptions.Parse(context.Args);
        if (options.Help)
        {
            context.Out.WriteLine(LoginOptions.Usage);
            return ExitStatus.Success;
        }
        ZonesApplets.RequireGlobalRoot("zlogin");
        var name = ZoneName.Parse(options.Zone);
        if (name.IsGlobal)
        {
            throw new LumosException("GlobalZone", "one is in the global zone already");
        }
        var zone = new ZoneConfigStore(layout).Load(name);
        if (options.Console)
        {
            using var console = new ZoneConsole(layout, name, options.Escape, Terminal.StandardInput, Terminal.StandardOutput, options.Quiet)
            {
                LeavesAtHalt = options.LeavesAtHalt,
            };
            console.Run();
            return ExitStatus.Success;
        }
        return options.Streams ? Join(zone, options) : Login(zone, options);
    }

    private int Join(ZoneConfig zone, LoginOptions options)
    {
        if (!zone.IsDocker)
        {
            throw new LumosException("NotDocker", $"zone '{zone.Name}' has an init, not one program whose streams could be joined: -C joins its console");
        }
        var docker = DockerZoneReader.Read(zone.Name, ZoneSpecReader.ReadMetadata(zone));
        using var streams = new ZoneStreams(layout, zone.Name, docker, Terminal.StandardInput, Terminal.StandardOutput, Terminal.StandardError,
            new ZoneStreamsOptions(options.Escape, options.Quiet, options.KeepsInput));
        streams.Run();
        return ExitStatus.Success;
    }

    private int Login(ZoneConfig zone, LoginOptions options)
    {
        if (zone.Brand.IsHvm)
        {
            throw new LumosException("NoLogin", $"zone '{zone.Name}' is a hardware virtual machine (brand {zone.Brand}), in which no program of ours runs: "
                + $"\"vmadm console {zone.Name}\" joins its first serial port");
        }
        var runtime = makeRuntime(_ => { });
        var state = runtime.Status(zone.Name).State;
        if (!state.CanEnter)
        {
            throw new LumosException("ZoneNotRunning", $"zone '{zone.Name}' is {state.Word}, not running");
        }
        bool ours = Terminal.IsTerminal(Terminal.StandardInput) && Terminal.IsTerminal(Terminal.StandardOutput);
        if (options.Terminal == true && !ours)
        {
            throw new LumosException("NoTerminal", "-i gives the command a terminal that follows ours, and standard input or output is none");
        }
        bool terminal = options.Terminal ?? ours;
        bool talk = options.Words.Count == 0 && terminal && !options.Quiet;
        using var root = RootedDirectory.Open(Path.Combine(zone.ZonePath, "root"));
        string busybox = zone.Brand.PlatformPrefix + "/bin/busybox";
        var user = options.Safe ? ZoneUser.Safe(busybox)
            : zone.IsDocker ? ZoneUser.FindInDocker(root, options.User, zone.Name, busybox)
            : ZoneUser.Find(root, options.User, zone.Name);
        var command = LoginCommand.Of(
            user, options.Words, context.Environment("TERM"), terminal, root.Status(user.Home) is { Kind: FileKind.Directory or FileKind.Link });
        if (user.Shell == busybox)
        {
            // The platform's busybox stands in for whatever is broken in the zone, or not there.
            command = command with { Argv = command.Argv.Insert(1, "sh") };
        }
        if (options.NoInput)
        {
            using var nothing = FileDescriptorIo.Open("/dev/null", OpenFlags.ReadOnly);
            SelfProcess.PutDescriptor(nothing, 0);
        }
        if (talk)
        {
            Say($"[Connected to zone '{zone.Name}' {TerminalName()}]");
        }
        int status = runtime.Exec(zone.Name, command);
        if (talk)
        {
            Say($"\n[Connection to zone '{zone.Name}' {TerminalName()} closed]");
        }
        return status;
    }

    private static string TerminalName() =>
        new FileInfo("/proc/self/fd/0").LinkTarget is { } tty && tty.StartsWith("/dev/", StringComparison.Ordinal) ? tty[5..] : "terminal";

    private static void Say(string text) =>
        FileDescriptorIo.WriteAll(Terminal.StandardOutput, Encoding.UTF8.GetBytes(text + "\n"));
}
