using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm sysrq: a non-maskable interrupt for a hardware VM, or a picture of its screen. A zone has neither, so that it is refused, as SmartOS does.</summary>
internal static class SysrqVerb
{
    private const string Interrupt = "nmi", Picture = "screenshot", PictureFile = "tmp/vm.ppm";

    internal static Verb Verb { get; } = new("sysrq", [$"sysrq <uuid> <{Interrupt}|{Picture}>"], Verb.NoOptions, Run) { Changes = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(1, 2), Verb.Name);
        if (!args.TryOperand(1, out string? request) || request is not (Interrupt or Picture))
        {
            throw new UsageException($"{Verb.Name} is either {Interrupt} or {Picture}");
        }
        var vm = vmadm.Machine.Load(uuid);
        if (!vm.Spec.IsMachine)
        {
            throw new LumosException("NotSupported", $"VM {uuid} is of brand {vm.Spec.Brand}, which has no sysrq {request}: only hardware VMs have (\"vmadm kill\" signals a zone's init)");
        }
        if (vm.Status.InitPid is null)
        {
            throw new LumosException("WrongState", $"Unable to send sysrq to VM {uuid}: it is {vm.State}, and only one that runs hears it");
        }
        using var machine = RunningMachine.Open(vmadm.Machine.Layout, ZoneName.Parse(vm.Spec.ZoneName));
        if (request == Interrupt)
        {
            machine.InterruptUnmaskably();
            return vmadm.Say(new Lifecycle.Outcome($"Successfully sent {Interrupt} to VM {uuid}"));
        }
        // SmartOS's place. What was received may have links in it.
        using (var zone = RootedDirectory.Open(vm.Spec.ZonePath))
        using (var root = zone.OpenSubdirectory("root"))
        using (var file = root.Resolve(PictureFile, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate | OpenFlags.NoFollow, 0x180))
        {
            machine.TakePicture(file);
        }
        return vmadm.Say(new Lifecycle.Outcome($"Successfully took {Picture} of VM {uuid}: {vm.Spec.ZonePath}/root/{PictureFile}"));
    }
}
