using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>
/// vmadm sysrq: a non-maskable interrupt for a hardware VM, or a picture of its screen. A zone has neither, so that it is refused,
/// as SmartOS does; for machines it is still to come.
/// </summary>
internal static class SysrqVerb
{
    internal static Verb Verb { get; } = new("sysrq", ["sysrq <uuid> <nmi|screenshot>"], Verb.NoOptions, Run) { Changes = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(1, 2), Verb.Name);
        if (!args.TryOperand(1, out string? request) || request is not ("nmi" or "screenshot"))
        {
            throw new UsageException($"{Verb.Name} is either nmi or screenshot");
        }
        var spec = vmadm.Machine.Load(uuid).Spec;
        spec.RefuseMachine(Verb.Name);
        throw new LumosException("NotSupported", $"VM {uuid} is of brand {spec.Brand}, which has no sysrq {request}: only hardware VMs have (\"vmadm kill\" signals a zone's init)");
    }
}
