using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm rollback-snapshot.</summary>
internal static class RollbackSnapshotVerb
{
    internal static Verb Verb { get; } = new("rollback-snapshot", ["rollback-snapshot [--keep-state] [--keep-config] <uuid> <snapname>"],
        parser => parser.Flag("keep-state").Flag("keep-config"), Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, Verb.Name);
        return args.Operands is [_, var name]
            ? vmadm.Say(new VmRollback(vmadm.Machine).Run(uuid, name, args.Has("keep-state"), args.Has("keep-config")).Message)
            : throw new UsageException($"Wrong number of parameters to \"{Verb.Name}\"");
    }
}
