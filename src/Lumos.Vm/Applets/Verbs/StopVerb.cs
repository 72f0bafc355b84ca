using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm stop.</summary>
internal static class StopVerb
{
    internal static Verb Verb { get; } = new("stop", ["stop <uuid> [-F]"], parser => parser.Flag('F', "force").Value('t', "timeout"), Run) { Aliases = ["halt"], Changes = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "stop");
        if (args.Has('t'))
        {
            throw new LumosException("BadOptions", "-t is for docker and bhyve VMs, which are not in this release yet");
        }
        return vmadm.Say(new VmLifecycle(vmadm.Machine).Stop(uuid, args.Has('F')));
    }
}
