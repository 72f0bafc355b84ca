using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Migrate;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm migrate: moves a VM to another machine.</summary>
internal static class MigrateVerb
{
    internal static Verb Verb { get; } = new(
        "migrate", ["migrate [-n] [--full] [-e <command>] <uuid> <host>", "migrate --finish [-e <command>] <uuid>", "migrate --abort [--force] [-e <command>] <uuid> <host>"],
        parser => parser.Flag('n', "dry-run").Value('e', "rsh").Flag("full").Flag("finish").Flag("abort").Flag("force"), Run)
    {
        Changes = true,
    };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(1, 2), "migrate");
        RefuseOddOptions(args);
        string? name = args.TryOperand(1, out string? given) ? given : args.Has("finish") ? MigrationEnd.TargetOf(vmadm.Machine, uuid) : null;
        if (name is null)
        {
            throw args.Has("finish")
                ? new LumosException("WrongState", $"VM {uuid} was not moved to another machine: \"vmadm migrate {uuid} HOST\" moves it")
                : new UsageException("the host to move to is missing");
        }
        if (name.Length == 0 || name[0] == '-' || name.Any(char.IsWhiteSpace))
        {
            throw new UsageException($"\"{name}\" is no host");
        }
        var shell = args.Get("rsh")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [.. RemoteShellTarget.Ssh];
        var target = new RemoteShellTarget(name, shell);
        if (args.Has("finish"))
        {
            return vmadm.Say(new MigrationEnd(vmadm.Machine, target).Finish(uuid));
        }
        if (args.Has("abort"))
        {
            return vmadm.Say(new MigrationEnd(vmadm.Machine, target).Abort(uuid, args.Has("force")));
        }
        using var progress = Progress.For(vmadm.Applet);
        var migration = new VmMigration(vmadm.Machine, target, new MigrationReport(progress.Stage, bytes => progress.Bytes(bytes, 0)));
        var outcome = args.Has("dry-run") ? migration.Rehearse(uuid, args.Has("full")) : migration.Move(uuid, args.Has("full"));
        progress.Dispose();
        return vmadm.Say(outcome);
    }

    /// <summary>Options of one of the three that stand beside another: whoever gives them means something that would not be done.</summary>
    private static void RefuseOddOptions(ParsedArgs args)
    {
        if (args.Has("finish") && args.Has("abort"))
        {
            throw new UsageException("--finish and --abort are two things");
        }
        if (args.Has("force") && !args.Has("abort"))
        {
            throw new UsageException("--force is of --abort alone: it goes on without the other machine's answer");
        }
        string? end = args.Has("finish") ? "--finish" : args.Has("abort") ? "--abort" : null;
        if (end is not null && args.Has("dry-run"))
        {
            throw new UsageException($"-n rehearses a move, and {end} cannot be rehearsed: leave one of both out");
        }
        if (end is not null && args.Has("full"))
        {
            throw new UsageException($"--full says how a VM is sent, and {end} sends none");
        }
    }
}
