using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>
/// vmadm info: what the emulator of a hardware VM tells of it while it runs. Zones have no emulator, so that of them the question is refused, as
/// SmartOS does; for machines it is still to come. The types are read all the same, since scripts tell exit status 2 from 1.
/// </summary>
internal static class InfoVerb
{
    private static readonly string[] Types = ["all", "block", "blockstats", "chardev", "cpus", "kvm", "pci", "spice", "status", "version", "vnc"];

    internal static Verb Verb { get; } = new("info", ["info <uuid> [type,...]"], Verb.NoOptions, Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(1, 2), Verb.Name);
        if (args.TryOperand(1, out string? types) && types.Split(',').FirstOrDefault(type => !Types.Contains(type)) is { } unknown)
        {
            throw new UsageException($"\"{unknown}\" is no type of info: {string.Join(", ", Types)}");
        }
        var spec = vmadm.Machine.Load(uuid).Spec;
        spec.RefuseMachine(Verb.Name);
        throw new LumosException("NotSupported", $"VM {uuid} is of brand {spec.Brand}, which has no info: only hardware VMs have (\"vmadm get\" shows a zone's state)");
    }
}
