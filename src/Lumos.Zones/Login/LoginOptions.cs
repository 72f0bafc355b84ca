using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Zones.Login;

/// <summary>The words of zlogin, read and found to make sense together.</summary>
public sealed record LoginOptions
{
    public const string Usage = """
        usage: zlogin [-EinQT] [-l USER | -S] ZONE [COMMAND [WORD ...]]
               zlogin -C [-dEQ] [-e CHARACTER] ZONE
               zlogin -I [-ENQ] [-e CHARACTER] ZONE
        """;

    public bool Help { get; private init; }

    public bool Console { get; private init; }

    /// <summary>Join the streams of a docker zone's program.</summary>
    public bool Streams { get; private init; }

    /// <summary>Of streams: the end of our input is not told.</summary>
    public bool KeepsInput { get; private init; }

    /// <summary>Of a console: leave when the zone halts.</summary>
    public bool LeavesAtHalt { get; private init; }

    /// <summary>Of a console or streams; null: there is none.</summary>
    public char? Escape { get; private init; }

    public bool Quiet { get; private init; }

    public bool Safe { get; private init; }

    public string User { get; private init; } = "root";

    /// <summary>True: a terminal, or an error; false: none; null: when ours is one.</summary>
    public bool? Terminal { get; private init; }

    /// <summary>Standard input is empty.</summary>
    public bool NoInput { get; private init; }

    public string Zone { get; private init; } = "";

    public IReadOnlyList<string> Words { get; private init; } = [];

    /// <exception cref="UsageException">It makes no sense.</exception>
    /// <exception cref="LumosException">NotSupported: it does on SmartOS.</exception>
    public static LoginOptions Parse(IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('h', "help").Flag('C').Flag('d').Flag('E').Flag('I').Flag('N').Flag('Q').Flag('S').Flag('T').Flag('Z').Flag('i').Flag('n')
            .Value('l').Value('e').StopAtFirstOperand().Parse(words);
        if (args.Has('h'))
        {
            return new LoginOptions { Help = true };
        }
        if (args.Has('Z'))
        {
            throw new LumosException("NotSupported", "-Z is not in this release: -I joins the standard streams of a docker zone, -C a zone's console", exitStatus: ExitStatus.Usage);
        }
        Check(!args.TryOperand(0, out string? zone), "missing zone");
        bool console = args.Has('C'), streams = args.Has('I'), joins = console || streams, command = args.Operands.Count > 1;
        string? escape = args.Get('e');
        Check(escape is not null && (escape.Length != 1 || escape[0] > 127), $"the escape character \"{escape}\" is not one character");
        Check(escape is not null && args.Has('E'), "-e sets the escape that -E does away with: give one");
        Check(console && streams, "-C joins the console, -I the streams of a docker zone: give one");
        Check(escape is not null && !joins, "-e is of a console (-C) and of streams (-I): a login ends with its shell and has no escape");
        Check(args.Has('N') && !streams, "-N is of streams (-I)");
        Check(args.Has('d') && !console, "-d is of a console (-C)");
        Check(joins && (command || args.Has('l') || args.Has('S')), "a console takes no command, user or safe mode, nor do streams");
        Check(joins && (args.Has('i') || args.Has('n') || args.Has('T')), "-i, -n and -T are of a command, not of a console or streams");
        Check(args.Has('S') && args.Has('l'), "-S reads nothing of the zone, users included: it is root, without -l");
        Check(args.Has('i') && (args.Has('T') || args.Has('n')), "-i wants a terminal, -T and -n want none");
        Check(args.Has('n') && !command, "-n is of a command: a login shell without input ends at once");
        return new LoginOptions
        {
            Console = console,
            Streams = streams,
            KeepsInput = args.Has('N'),
            LeavesAtHalt = args.Has('d'),
            Escape = args.Has('E') ? null : escape?[0] ?? '~',
            Quiet = args.Has('Q'),
            Safe = args.Has('S'),
            User = args.Get('l') ?? "root",
            Terminal = args.Has('i') ? true : args.Has('T') || args.Has('n') ? false : null,
            NoInput = args.Has('n'),
            Zone = zone!,
            Words = [.. args.Operands.Skip(1)],
        };
    }

    private static void Check(bool wrong, string what)
    {
        if (wrong)
        {
            throw new UsageException($"{what}\n{Usage}");
        }
    }
}
