using Lumos.Cli;
using Lumos.Vm.Create;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm create: makes a VM of a payload.</summary>
internal static class CreateVerb
{
    internal static Verb Verb { get; } = new("create", ["create [--strict] [-f <filename>]"], VerbContext.PayloadOptions, Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        args.Expect(0, 0);
        var payload = vmadm.ReadPayload(args, "Will not create from stdin when stdin is a tty.");
        var report = new PayloadReport();
        var creator = new VmCreator(vmadm.Machine);
        var (vm, facts) = creator.Prepare(payload, report);
        vmadm.Result.Uuid = vm?.Text("uuid");
        vmadm.Judge(report, args);
        string uuid = creator.Create(vm!, facts!);
        return vmadm.Say($"Successfully created VM {uuid}");
    }
}
