using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm start.</summary>
internal static class StartVerb
{
    internal static Verb Verb { get; } = new("start", ["start [--clear-failed] <uuid>"], parser => parser.Flag("clear-failed"), Run) { Aliases = ["boot"], Changes = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "start");
        if (args.Operands.Count > 1)
        {
            throw new LumosException("NotYet", $"\"{args.Operands[1]}\": extra options of start are for kvm, which is not in this release yet");
        }
        return vmadm.Say(new VmLifecycle(vmadm.Machine).Start(uuid, args.Has("clear-failed")));
    }
}
