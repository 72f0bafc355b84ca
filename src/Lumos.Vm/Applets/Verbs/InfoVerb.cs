using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Display;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm info: what the emulator of a hardware VM, and its guest, tell of it while it runs. Zones have no emulator, so that of them the question is refused, as SmartOS does.</summary>
internal static class InfoVerb
{
    private const string All = "all", Vnc = "vnc", Spice = "spice", Balloon = "balloon";

    /// <summary>Each type that QEMU answers, with the question.</summary>
    private static readonly SortedDictionary<string, string> s_questions = new(StringComparer.Ordinal)
    {
        ["block"] = "query-block",
        ["blockstats"] = "query-blockstats",
        ["chardev"] = "query-chardev",
        ["cpus"] = "query-cpus-fast",
        ["kvm"] = "query-kvm",
        ["pci"] = "query-pci",
        ["status"] = "query-status",
        ["version"] = "query-version",
    };

    private static IEnumerable<string> Types => s_questions.Keys.Append(Vnc).Append(Spice).Append(Balloon).Order(StringComparer.Ordinal).Prepend(All);

    internal static Verb Verb { get; } = new("info", ["info <uuid> [type,...]"], Verb.NoOptions, Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(1, 2), Verb.Name);
        string[] types = args.TryOperand(1, out string? list) ? list.Split(',') : [All];
        if (types.FirstOrDefault(type => !Types.Contains(type)) is { } unknown)
        {
            throw new UsageException($"\"{unknown}\" is no type of info: {string.Join(", ", Types)}");
        }
        var vm = vmadm.Machine.Load(uuid);
        if (!vm.Spec.IsMachine)
        {
            throw new LumosException("NotSupported", $"VM {uuid} is of brand {vm.Spec.Brand}, which has no info: only hardware VMs have (\"vmadm get\" shows a zone's state)");
        }
        if (vm.Status.InitPid is null)
        {
            throw new LumosException("WrongState", $"Unable to get info for VM {uuid}: it is {vm.State}, and only one that runs has any");
        }
        var name = ZoneName.Parse(vm.Spec.ZoneName);
        var info = new JsonObject();
        using (var machine = RunningMachine.Open(vmadm.Machine.Layout, name))
        {
            foreach (string type in types.Contains(All) ? Types.Where(type => type is not (All or Balloon)) : types.Distinct())
            {
                info[type] = type switch
                {
                    Vnc => DisplayRecord.TryRead(vmadm.Machine.Layout.DisplayFile(name))?.Shown(),
                    Balloon => machine.AskOfMemory(), // not among all: the guest is asked, and may take its time
                    Spice => new JsonObject { ["enabled"] = false },
                    _ => machine.Query(s_questions[type]),
                };
            }
        }
        vmadm.Out.WriteLine(JsonText.Pretty(info));
        return ExitStatus.Success;
    }
}
