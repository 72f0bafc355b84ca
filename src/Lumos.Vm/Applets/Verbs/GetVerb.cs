using Lumos.Cli;
using Lumos.Vm.Info;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm get: everything known of one VM, as JSON.</summary>
internal static class GetVerb
{
    internal static Verb Verb { get; } = new("get", ["get <uuid>"], Verb.NoOptions, Run) { Aliases = ["json"] };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = vmadm.OnlyUuidOf(args, "get");
        vmadm.Out.WriteLine(JsonText.Pretty(new VmReader(vmadm.Machine).Get(uuid)));
        return ExitStatus.Success;
    }
}
