using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm console: joins the terminal to the text console of a VM, or tells where a browser sees its screen.</summary>
internal static class ConsoleVerb
{
    internal static Verb Verb { get; } = new("console", ["console [--web] <uuid>"], parser => parser.Flag('w', "web"), Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = vmadm.OnlyUuidOf(args, "console");
        if (args.Has("web"))
        {
            ShowAddress(vmadm, uuid);
        }
        else
        {
            new VmConsole(vmadm.Machine).Attach(uuid);
        }
        return ExitStatus.Success;
    }

    private static void ShowAddress(VerbContext vmadm, string uuid)
    {
        var vm = vmadm.Machine.Load(uuid);
        if (!vm.Spec.IsMachine)
        {
            throw new LumosException("NotSupported", $"VM {uuid} is of brand {vm.Spec.Brand}, which has no screen: only hardware VMs have (\"vmadm console {uuid}\" joins the terminal to its console)");
        }
        if (vm.Status.InitPid is null)
        {
            throw new LumosException("WrongState", $"the screen of VM {uuid} cannot be shown: it is {vm.State}, and only one that runs has any");
        }
        var invitation = VmAdminClient.Invite(vmadm.Machine.Layout.AdminSocket, uuid);
        vmadm.Say($"[for one viewer, within {invitation.Seconds} seconds; the certificate's SHA-256 fingerprint is {invitation.Fingerprint}]");
        vmadm.Out.WriteLine(invitation.Url);
    }
}
