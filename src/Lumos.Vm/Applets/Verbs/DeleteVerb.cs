using Lumos.Cli;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm delete.</summary>
internal static class DeleteVerb
{
    internal static Verb Verb { get; } = new("delete", ["delete <uuid>"], Verb.NoOptions, Run) { Aliases = ["destroy"], Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args) =>
        vmadm.Say(new VmLifecycle(vmadm.Machine).Delete(vmadm.OnlyUuidOf(args, "delete")));
}
