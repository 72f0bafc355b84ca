using Lumos.Vm.Receive;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm install: makes a VM of one that was received.</summary>
internal static class InstallVerb
{
    internal static Verb Verb { get; } = new("install", ["install <uuid>"], Verb.NoOptions,
        (vmadm, args) => vmadm.Say(new VmInstaller(vmadm.Machine).Install(VerbContext.UuidOf(args.Expect(0, 1), "install"))))
    {
        Changes = true,
    };
}
