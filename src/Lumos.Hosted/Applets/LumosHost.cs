using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Tools;
using Lumos.Hosted.Actions;
using Lumos.Hosted.Model;
using Lumos.Linux.Files;

namespace Lumos.Hosted.Applets;

/// <summary>lumos-host: brings a hosted global zone up and down, and runs commands in it.</summary>
internal static class LumosHost
{
    private const string Usage = """
        usage: lumos-host up      [--root DIR] [--platform DIR] [--pool-size SIZE | --pool DIR|ZPOOL] [--name NAME] [--subnet NET] [--bridge BRIDGE]
               lumos-host status  [--root DIR] [--json]
               lumos-host exec    [--root DIR] CMD…
               lumos-host down    [--root DIR]
               lumos-host destroy [--root DIR] [--yes]
               lumos-host run     [--root DIR] [--platform DIR]     (in the foreground, for a service manager)
        """;

    private static readonly TimeSpan ServicesLimit = TimeSpan.FromMinutes(2);

    internal static int Run(AppletContext context)
    {
        if (context.Args.Count == 0 || context.Args[0] is "help" or "--help" or "-h")
        {
            (context.Args.Count == 0 ? context.Error : context.Out).WriteLine(Usage);
            return context.Args.Count == 0 ? ExitStatus.Usage : ExitStatus.Success;
        }
        string verb = context.Args[0];
        var parser = new ArgParser().Value("root").Value("platform").Value("pool-size").Value("pool").Value("name").Value("subnet").Value("bridge")
            .Flag("json").Flag('y', "yes");
        var args = (verb == "exec" ? parser.StopAtFirstOperand() : parser).Parse(context.Args.Skip(1));
        if (!Environment.IsPrivilegedProcess)
        {
            throw new LumosException("NotHere", "only root may bring a hosted global zone up or down", exitStatus: 2);
        }
        if (File.Exists(HostedPaths.InsideMark))
        {
            throw new LumosException("NotHere", "this is the hosted global zone itself; lumos-host is for the host", exitStatus: 2);
        }
        string prefix = Path.GetFullPath(args.Get("root") ?? context.Environment(HostedPaths.PrefixVariable) ?? HostedPaths.DefaultPrefix);
        return verb switch
        {
            "up" => Up(context, args, prefix),
            "run" => RunInForeground(args, prefix),
            "status" => HostStatus.Run(context, args, prefix),
            "exec" => Exec(args, prefix),
            "down" => Down(context, prefix),
            "clear" => Clear(context, prefix),
            "destroy" => Destroy(context, args, prefix),
            _ => throw new UsageException($"lumos-host knows no \"{verb}\"\n{Usage}"),
        };
    }

    private static int Up(AppletContext context, ParsedArgs args, string prefix)
    {
        args.Expect(0, 0);
        var paths = HostedSetup.Prepare(prefix, HostedWishes.From(args), context.Error.WriteLine);
        using var held = FileLock.Acquire(Path.Combine(prefix, "lock"));
        var machine = new HostedMachine(paths, context.Error.WriteLine);
        if (machine.IsUp && machine.Supervisor() is { } pid)
        {
            context.Error.WriteLine($"The hosted global zone at {prefix} is up already; process {pid} keeps it.");
            return ExitStatus.Success;
        }
        machine.Start(Platform(args));
        WaitForServices(paths);
        context.Error.WriteLine($"The hosted global zone at {prefix} is up.");
        return ExitStatus.Success;
    }

    private static int RunInForeground(ParsedArgs args, string prefix)
    {
        args.Expect(0, 0);
        var paths = HostedSetup.Prepare(prefix, new HostedWishes(), Console.Error.WriteLine);
        new HostedMachine(paths, Console.Error.WriteLine).Run(Platform(args));
        return ExitStatus.Failure; // never: it has become the supervisor, or thrown
    }

    private static int Exec(ParsedArgs args, string prefix)
    {
        if (args.Operands.Count == 0)
        {
            throw new UsageException("usage: lumos-host exec [--root DIR] CMD…");
        }
        HostedEntry.Become(HostedEntry.Find(prefix), args.Operands);
        return ExitStatus.Failure; // never
    }

    private static int Down(AppletContext context, string prefix)
    {
        var paths = HostedEntry.Find(prefix);
        using (FileLock.Acquire(Path.Combine(prefix, "lock")))
        {
            new HostedMachine(paths, context.Error.WriteLine).Down();
        }
        context.Error.WriteLine($"The hosted global zone at {prefix} is down; its data stays.");
        return ExitStatus.Success;
    }

    /// <summary>
    /// What a service manager calls after the supervisor has ended. systemd does so after a crash too, and says it: zones are then
    /// left for the supervisor that follows.
    /// </summary>
    private static int Clear(AppletContext context, string prefix)
    {
        if (context.Environment("SERVICE_RESULT") is { } result && result != "success")
        {
            return ExitStatus.Success;
        }
        new HostedMachine(HostedEntry.Find(prefix), context.Error.WriteLine).Clear();
        return ExitStatus.Success;
    }

    private static int Destroy(AppletContext context, ParsedArgs args, string prefix)
    {
        args.Expect(0, 0);
        var paths = HostedEntry.Find(prefix);
        if (!args.Has("yes"))
        {
            if (!context.InputIsTerminal())
            {
                throw new UsageException($"destroy takes all VMs, images and settings below {prefix} away; say --yes");
            }
            context.Error.Write($"All VMs, images and settings below {prefix} go for good. Type \"yes\" to go on: ");
            if (context.In.ReadLine()?.Trim() != "yes")
            {
                context.Error.WriteLine("Nothing was changed.");
                return ExitStatus.Failure;
            }
        }
        new HostedMachine(paths, context.Error.WriteLine).Down();
        TreeCopy.RemoveContent(prefix);
        Directory.Delete(prefix, recursive: true);
        context.Error.WriteLine($"{prefix} is gone.");
        return ExitStatus.Success;
    }

    private static void WaitForServices(HostedPaths paths)
    {
        var until = DateTime.UtcNow + ServicesLimit;
        string state = "";
        while (DateTime.UtcNow < until)
        {
            var result = Tool.Run(
                [Environment.ProcessPath!, HostedEntry.LumosHostName, "exec", "--root", paths.Prefix, "svcs", "-H", "-o", "state", "svc:/milestone/multi-user-server:default"]);
            state = result.Output.Trim();
            if (state == "online")
            {
                return;
            }
            Thread.Sleep(50);
        }
        throw new LumosException("ServicesNotOnline",
            $"the services are not online after {ServicesLimit.TotalMinutes:0} minutes; \"lumos-host exec --root {paths.Prefix} svcs -x\" says why");
    }

    /// <summary>Where our files lie: as said, or around the program that runs.</summary>
    private static string Platform(ParsedArgs args)
    {
        string program = Environment.ProcessPath!;
        string platform = Path.GetFullPath(args.Get("platform") ?? Path.Combine(Path.GetDirectoryName(program)!, "../../.."));
        return File.Exists(Path.Combine(platform, "usr/lib/svc/manifest/system-smartdc-vmadmd.xml"))
            ? platform
            : throw new LumosException("NoPlatform", $"{platform} is no platform tree: it has no usr/lib/svc/manifest");
    }
}
