using Lumos.Cli;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm reboot.</summary>
internal static class RebootVerb
{
    internal static Verb Verb { get; } = new("reboot", ["reboot <uuid> [-F] [-t <seconds>]"], parser => parser.Flag('F', "force").Value('t', "timeout"), Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args) =>
        vmadm.Say(new VmLifecycle(vmadm.Machine).Reboot(vmadm.OnlyUuidOf(args, "reboot"), args.Has('F'), StopVerb.Seconds(args)));
}
