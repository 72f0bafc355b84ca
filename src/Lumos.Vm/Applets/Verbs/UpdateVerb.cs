using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Payload;
using Lumos.Vm.Update;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm update: changes a VM by a payload or by words of the form property=value.</summary>
internal static class UpdateVerb
{
    internal static Verb Verb { get; } = new("update", ["update [--strict] <uuid> [-f <filename>]", " -or- update [--strict] <uuid> property=value [property=value ...]"], VerbContext.PayloadOptions, Run) { Changes = true, IsSettled = true };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args, "update");
        var pairs = args.Operands.Skip(1).ToList();
        if (pairs.Count > 0 && args.Has('f'))
        {
            vmadm.LeaveOut($"-f {args.Get('f')} is left out: {pairs[0]} says what to change");
        }
        var payload = pairs.Count > 0
            ? FromPairs(vmadm, pairs)
            : vmadm.ReadPayload(args, "Will not update from stdin when stdin is a tty.");
        var report = new PayloadReport();
        var plan = new VmUpdater(vmadm.Machine).Update(uuid, payload, report, planned =>
        {
            vmadm.Judge(report, args);
            vmadm.Result.Changes = planned.Changes;
        });
        vmadm.Result.Changed = !plan.Changes.IsEmpty;
        foreach (string line in Effects(plan, uuid))
        {
            vmadm.Say(line);
        }
        return vmadm.Say($"Successfully updated VM {uuid}");
    }

    private static JsonObject FromPairs(VerbContext vmadm, IEnumerable<string> pairs)
    {
        var payload = new JsonObject();
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw new UsageException($"Bad arguments: unable to split {pair}");
            }
            if (payload.ContainsKey(pair[..equals]))
            {
                vmadm.LeaveOut($"{pair[..equals]} is given twice: the last one counts");
            }
            payload[pair[..equals]] = pair[(equals + 1)..];
        }
        return payload;
    }

    /// <summary>When the changes are felt, a line for each kind. What needs the VM stopped comes here only of one that is.</summary>
    internal static IEnumerable<string> Effects(UpdatePlan plan, string uuid)
    {
        if (plan.Changes.IsEmpty)
        {
            return [$"nothing changed: VM {uuid} is so already"];
        }
        (Effect Effect, string Said)[] kinds =
        [
            (Effect.Live, "live"),
            (Effect.NextBoot, "takes effect when the VM is next started or rebooted by vmadm"),
            (Effect.Stopped, "changed while the VM is stopped, as it has to be"),
            (Effect.Recorded, "recorded; what is in the VM was written when it was made"
                + (plan.Of(Effect.Recorded).Contains("resolvers") ? " (maintain_resolvers=true writes it now)" : "")),
        ];
        return [.. kinds.Where(kind => !plan.Of(kind.Effect).IsEmpty).Select(kind => $"{string.Join(", ", plan.Of(kind.Effect))}: {kind.Said}")];
    }
}
