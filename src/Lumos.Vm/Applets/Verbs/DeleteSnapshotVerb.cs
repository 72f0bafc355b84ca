using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm delete-snapshot.</summary>
internal static class DeleteSnapshotVerb
{
    internal static Verb Verb { get; } = new("delete-snapshot", ["delete-snapshot <uuid> <snapname>"], Verb.NoOptions, Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, Verb.Name);
        return args.Operands is [_, var name]
            ? vmadm.Say(new VmSnapshots(vmadm.Machine).Delete(uuid, name).Message)
            : throw new UsageException($"Wrong number of parameters to \"{Verb.Name}\"");
    }
}
