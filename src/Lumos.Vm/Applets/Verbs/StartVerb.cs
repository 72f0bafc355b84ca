using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm start, of a hardware VM with what it is given for this once.</summary>
internal static class StartVerb
{
    internal static Verb Verb { get; } = new("start", ["start [--clear-failed] <uuid> [order=cdn[,once=d]] [cdrom=<path>,<model>] [disk=<path>,<model>]"], parser => parser.Flag("clear-failed"), Run) { Aliases = ["boot"], Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "start");
        var once = StartOptions.None;
        if (args.Operands.Skip(1).Any(word => word.Contains('=')))
        {
            once = StartOptions.Parse(args.Operands.Skip(1));
            if (vmadm.Machine.Load(uuid).Spec is { IsMachine: false } zone)
            {
                throw new LumosException("NotSupported", $"\"{args.Operands[1]}\": options of start are for hardware VMs, and VM {uuid} is of brand {zone.Brand}");
            }
        }
        else
        {
            uuid = vmadm.OnlyUuidOf(args, "start");
        }
        return vmadm.Say(new VmLifecycle(vmadm.Machine).Start(uuid, args.Has("clear-failed"), once));
    }
}
