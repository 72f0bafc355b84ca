using System.Text;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Terminals;
using Lumos.Zones.Config;
using Lumos.Zones.Consoles;
using Lumos.Zones.Login;

namespace Lumos.Zones.Applets;

/// <summary>zlogin.</summary>
internal sealed class ZLogin(AppletContext context, ZoneLayout layout, Func<Action<string>, IZoneRuntime> makeRuntime)
{
    private const string Usage = """
        usage: zlogin [-QST] [-l USER] ZONE [COMMAND [WORD ...]]
               zlogin -C [-Q] [-e CHARACTER] ZONE
        """;

    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Flag('C').Flag('Q').Flag('S').Flag('T').Value('l').Value('e')
            .StopAtFirstOperand().Parse(context.Args);
        if (args.Has('h'))
        {
            context.Out.WriteLine(Usage);
            return ExitStatus.Success;
        }
        ZonesApplets.RequireGlobalRoot("zlogin");
        if (!args.TryOperand(0, out string? text))
        {
            throw new UsageException("missing zone\n" + Usage);
        }
        if (args.Get('e') is { } given && (given.Length != 1 || given[0] > 127))
        {
            throw new UsageException($"the escape character \"{given}\" is not one character\n{Usage}");
        }
        var name = ZoneName.Parse(text);
        if (name.IsGlobal)
        {
            throw new LumosException("GlobalZone", "one is in the global zone already");
        }
        var zone = new ZoneConfigStore(layout).Load(name);
        var words = args.Operands.Skip(1).ToList();
        if (args.Has('C'))
        {
            if (words.Count > 0 || args.Has('l') || args.Has('S'))
            {
                throw new UsageException("a console takes no command, user or safe mode\n" + Usage);
            }
            using var console = new ZoneConsole(
                layout, name, args.Get('e')?[0] ?? '~', Terminal.StandardInput, Terminal.StandardOutput, args.Has('Q'));
            console.Run();
            return ExitStatus.Success;
        }
        return Login(zone, args, words);
    }

    private int Login(ZoneConfig zone, ParsedArgs args, List<string> words)
    {
        var runtime = makeRuntime(_ => { });
        var state = runtime.Status(zone.Name).State;
        if (!state.CanEnter)
        {
            throw new LumosException("ZoneNotRunning", $"zone '{zone.Name}' is {state.Word}, not running");
        }
        bool terminal = !args.Has('T') && Terminal.IsTerminal(Terminal.StandardInput) && Terminal.IsTerminal(Terminal.StandardOutput);
        bool talk = words.Count == 0 && terminal && !args.Has('Q');
        using var root = RootedDirectory.Open(Path.Combine(zone.ZonePath, "root"));
        var user = args.Has('S')
            ? ZoneUser.Safe(zone.Brand.PlatformPrefix + "/bin/busybox")
            : ZoneUser.Find(root, args.Get('l') ?? "root", zone.Name);
        var command = LoginCommand.Of(
            user, words, context.Environment("TERM"), terminal, root.Status(user.Home) is { Kind: FileKind.Directory or FileKind.Link });
        if (args.Has('S'))
        {
            // The platform's busybox stands in for whatever is broken in the zone.
            command = command with { Argv = command.Argv.Insert(1, "sh") };
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
        Lumos.Linux.Handles.FileDescriptorIo.WriteAll(Terminal.StandardOutput, Encoding.UTF8.GetBytes(text + "\n"));
}
