using Lumos.Cli;
using Lumos.Vm.Payload;
using Lumos.Vm.Reprovision;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm reprovision: gives a VM a fresh root.</summary>
internal static class ReprovisionVerb
{
    internal static Verb Verb { get; } = new("reprovision", ["reprovision [--strict] [--keep-state] <uuid> [-f <filename>]"],
        parser => VerbContext.PayloadOptions(parser).Flag("keep-state"), Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, Verb.Name);
        args.Expect(1, 1);
        var payload = vmadm.ReadPayload(args, "Will not take payload from stdin when stdin is a tty.");
        var report = new PayloadReport();
        return vmadm.Say(new VmReprovision(vmadm.Machine).Run(uuid, payload, args.Has("keep-state"), report, () => vmadm.Judge(report, args)));
    }
}
