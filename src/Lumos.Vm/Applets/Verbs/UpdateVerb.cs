using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Payload;
using Lumos.Vm.Update;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm update: changes a VM by a payload or by words of the form property=value.</summary>
internal static class UpdateVerb
{
    internal static Verb Verb { get; } = new("update", ["update [--strict] <uuid> [-f <filename>]", " -or- update [--strict] <uuid> property=value [property=value ...]"], VerbContext.PayloadOptions, Run) { Changes = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "update");
        var pairs = args.Operands.Skip(1).ToList();
        var payload = pairs.Count > 0
            ? FromPairs(pairs)
            : vmadm.ReadPayload(args, "Will not update from stdin when stdin is a tty.");
        var report = new PayloadReport();
        var plan = new VmUpdater(vmadm.Machine).Update(uuid, payload, report, () => vmadm.Judge(report, args));
        vmadm.Result.Changed = !plan.Changes.IsEmpty;
        vmadm.Result.Changes = plan.Changes;
        TellEffects(vmadm, plan, uuid);
        return vmadm.Say($"Successfully updated VM {uuid}");
    }

    private static JsonObject FromPairs(IEnumerable<string> pairs)
    {
        var payload = new JsonObject();
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw new UsageException($"Bad arguments: unable to split {pair}");
            }
            payload[pair[..equals]] = pair[(equals + 1)..];
        }
        return payload;
    }

    private static void TellEffects(VerbContext vmadm, UpdatePlan plan, string uuid)
    {
        if (plan.Changes.IsEmpty)
        {
            vmadm.Say($"nothing changed: VM {uuid} is so already");
            return;
        }
        string[] Names(Effect effect) => [.. plan.Changes.Where(c => c.Effect == effect).Select(c => c.Property)];
        if (Names(Effect.Live) is { Length: > 0 } live)
        {
            vmadm.Say($"{string.Join(", ", live)}: live");
        }
        if (Names(Effect.NextBoot) is { Length: > 0 } later)
        {
            vmadm.Say($"{string.Join(", ", later)}: takes effect when the VM is next started or rebooted by vmadm");
        }
        if (Names(Effect.Recorded) is { Length: > 0 } recorded)
        {
            vmadm.Say($"{string.Join(", ", recorded)}: recorded; what is in the VM was written when it was made"
                + (recorded.Contains("resolvers") ? " (maintain_resolvers=true writes it now)" : ""));
        }
    }
}
