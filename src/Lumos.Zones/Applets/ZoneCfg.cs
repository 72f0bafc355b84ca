using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;
using Lumos.Zones.Configure;

namespace Lumos.Zones.Applets;

/// <summary>zonecfg: whose subcommands come from the command line, a file, a pipe or a terminal.</summary>
internal sealed class ZoneCfg(AppletContext context, ZoneLayout layout)
{
    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Value('z').Value('u').Value('f').StopAtFirstOperand().Parse(context.Args);
        if (args.Has('h') || (args.Get('z') is null && args.Operands is ["help"]))
        {
            context.Out.WriteLine(ConfigHelp.CommandLine);
            return ExitStatus.Success;
        }
        bool typed = args.Get('f') is null or "-" && args.Operands.Count == 0 && context.InputIsTerminal();
        var session = new ConfigSession(layout, Selected(args), context.Out, context.Error, typed || args.Operands.Count > 0 ? Ask : _ => null);
        if (args.Operands.Count > 0)
        {
            if (args.Has('f'))
            {
                throw new UsageException("subcommands stand on the command line or in a file, not both\n" + ConfigHelp.CommandLine);
            }
            return RunScript(session, string.Join(' ', args.Operands), origin: null);
        }
        if (typed)
        {
            return Talk(session);
        }
        return args.Get('f') is { } file and not "-"
            ? RunScript(session, ReadScript(file), file)
            : RunScript(session, context.In.ReadToEnd(), "standard input");
    }

    private int RunScript(ConfigSession session, string text, string? origin)
    {
        int line = 0;
        try
        {
            foreach (var command in ConfigParser.Parse(text))
            {
                line = command.Line;
                session.Run(command);
                if (session.IsOver)
                {
                    break;
                }
            }
            line = 0;
            session.Finish();
            return ExitStatus.Success;
        }
        catch (LumosException e)
        {
            line = e is ConfigSyntaxException syntax ? syntax.Line : line;
            context.Error.WriteLine(origin is null || line == 0
                ? $"zonecfg: {LumosException.Describe(e)}"
                : $"On line {line} of {origin}:\n{LumosException.Describe(e)}");
            return ExitStatus.Failure;
        }
    }

    private int Talk(ConfigSession session)
    {
        if (session.Draft.Config is null)
        {
            context.Out.WriteLine($"{session.Draft.Name}: No such zone configured\nUse 'create' to begin configuring a new zone.");
        }
        while (true)
        {
            while (!session.IsOver)
            {
                context.Out.Write(session.Prompt);
                context.Out.Flush();
                if (context.In.ReadLine() is not { } line)
                {
                    context.Out.WriteLine();
                    break;
                }
                Try(() =>
                {
                    foreach (var command in ConfigParser.Parse(line))
                    {
                        session.Run(command);
                    }
                });
            }
            if (Try(session.Finish))
            {
                return ExitStatus.Success;
            }
            // Whoever has no more to type cannot put it right.
            if (!session.IsOver || Ask("Configuration not saved; really quit") is not false)
            {
                return ExitStatus.Failure;
            }
            session.Resume();
        }
    }

    private bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (LumosException e)
        {
            context.Error.WriteLine(LumosException.Describe(e));
            return false;
        }
    }

    // Null: no answer is to be had.
    private bool? Ask(string question)
    {
        while (context.InputIsTerminal())
        {
            context.Out.Write($"{question} (y/[n])? ");
            context.Out.Flush();
            switch (context.In.ReadLine())
            {
                case null:
                    return null;
                case "" or ['n' or 'N', ..]:
                    return false;
                case ['y' or 'Y', ..]:
                    return true;
            }
        }
        return null;
    }

    private ZoneName Selected(ParsedArgs args)
    {
        if (args.Get('u') is { } uuid)
        {
            return new ZoneConfigStore(layout).ReadIndex().Zones.FirstOrDefault(z => z.Uuid == uuid)?.Name
                ?? throw new LumosException("ZoneNotConfigured", $"no zone has UUID {uuid}");
        }
        var name = ZoneName.Parse(args.Get('z') ?? throw new UsageException("missing -z ZONE\n" + ConfigHelp.CommandLine));
        return name.IsGlobal
            ? throw new LumosException("GlobalZone", "the global zone has no configuration here: sysctl, cgroups and services of the machine bound it")
            : name;
    }

    private static string ReadScript(string file) => File.Exists(file)
        ? File.ReadAllText(file)
        : throw new LumosException("NoSuchFile", Directory.Exists(file) ? $"{file} is not a regular file" : $"could not open file {file}: no such file");
}
