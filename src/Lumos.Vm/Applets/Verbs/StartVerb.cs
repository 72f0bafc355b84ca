using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm start.</summary>
internal static class StartVerb
{
    internal static Verb Verb { get; } = new("start", ["start [--clear-failed] <uuid>"], parser => parser.Flag("clear-failed"), Run) { Aliases = ["boot"], Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "start");
        if (args.Operands.Skip(1).FirstOrDefault(word => word.Contains('=')) is { } option)
        {
            throw new LumosException("NotYet", $"\"{option}\": extra options of start are for hardware VMs, and are not in this release yet");
        }
        uuid = vmadm.OnlyUuidOf(args, "start");
        return vmadm.Say(new VmLifecycle(vmadm.Machine).Start(uuid, args.Has("clear-failed")));
    }
}
