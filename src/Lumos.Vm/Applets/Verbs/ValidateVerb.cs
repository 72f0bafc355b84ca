using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Create;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm validate: says what create or update would say of a payload.</summary>
internal static class ValidateVerb
{
    internal static Verb Verb { get; } = new("validate", ["validate create [--strict] [-f <filename>]", "validate update <brand> [--strict] [-f <filename>]"], VerbContext.PayloadOptions, Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        var action = args.Operands switch
        {
            ["create"] => PropertyOps.Create,
            ["update", _] => PropertyOps.Update,
            ["update", ..] => throw new UsageException("Will not validate without a valid action and brand."),
            _ => throw new UsageException("Will not validate without a valid action."),
        };
        var payload = vmadm.ReadPayload(args, "Will not validate from stdin when stdin is a tty.");
        string? brandName = action == PropertyOps.Update ? args.Operands[1]
            : payload["brand"] is { } given ? JsonText.Plain(given) : "undefined";
        if (!BrandTable.TryParse(brandName, out var brand))
        {
            vmadm.Say(JsonText.Pretty(new JsonObject { ["bad_brand"] = brandName }));
            return ExitStatus.Failure;
        }
        var report = new PayloadReport();
        if (action == PropertyOps.Create)
        {
            new VmCreator(vmadm.Machine).Prepare(payload, report);
        }
        else
        {
            PayloadCheck.Run(brand, action, payload, null, report);
        }
        if (vmadm.WantsStrict(args))
        {
            report.RefuseAdjusted();
        }
        if (!report.CanGoOn || report.BadProperties.Count > 0)
        {
            vmadm.Say(JsonText.Pretty(report.ToJson()));
            return ExitStatus.Failure;
        }
        vmadm.Warn(report.Adjustments);
        return vmadm.Say($"VALID '{args.Operands[0]}' payload for {brandName} brand VMs.");
    }
}
