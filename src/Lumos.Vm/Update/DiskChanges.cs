using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Update;

/// <summary>add_, update_ and remove_disks: disks are known by their path.</summary>
internal static class DiskChanges
{
    /// <summary>What reaches a guest that runs.</summary>
    private static readonly string[] s_live = ["compression", "refreservation"];

    internal static void Apply(JsonObject vm, VmSpec before, JsonObject known, IIdentities ids, PayloadReport report)
    {
        var removed = known["remove_disks"] as JsonArray;
        var updated = known["update_disks"] as JsonArray;
        var added = known["add_disks"] as JsonArray;
        if (removed is null && updated is null && added is null)
        {
            return;
        }
        var disks = before.Disks.Select(disk => (JsonObject)disk.DeepClone()).ToList();
        foreach (string path in removed?.Select(JsonText.Plain) ?? [])
        {
            if (Find(disks, path, "remove_disks", report) is { } disk)
            {
                disks.Remove(disk);
            }
        }
        foreach (var change in updated?.OfType<JsonObject>() ?? [])
        {
            if (change["path"] is not { } path)
            {
                report.AddMissing("update_disks.*.path");
            }
            else if (Find(disks, JsonText.Plain(path), "update_disks", report) is { } disk)
            {
                Merge(disk, change, before, report);
            }
        }
        var removedNow = before.Disks.Select(disk => JsonText.Plain(disk["path"])).Except(disks.Select(disk => JsonText.Plain(disk["path"]))).ToHashSet();
        foreach (string path in (added ?? []).OfType<JsonObject>().Select(disk => JsonText.Plain(disk["path"])).Where(removedNow.Contains))
        {
            report.AddFault($"add_disks: {path} is removed by the same update: do one after the other, or leave path out");
        }
        // Nor is a new disk named as one that goes: it would pass for it.
        disks.AddRange(DiskRules.Added((added ?? []).OfType<JsonObject>(), before.Disks, new VmSpec(vm), ids, report));
        var array = new JsonArray([.. disks]);
        DiskRules.Settle(array, before.Brand);
        vm["disks"] = new JsonArray([.. array.OfType<JsonObject>().Select(disk => (JsonNode)DiskRules.Ordered(disk))]);
    }

    /// <summary>When the changes of a VM's disks are felt: what comes and goes, or gets smaller, needs the VM stopped.</summary>
    internal static IEnumerable<Change> Effects(VmSpec before, VmSpec after)
    {
        var old = before.Disks.ToDictionary(disk => JsonText.Plain(disk["path"]), StringComparer.Ordinal);
        var effects = new SortedSet<Effect>();
        if (before.Disks.Count() != after.Disks.Count())
        {
            effects.Add(Effect.Stopped);
        }
        foreach (var disk in after.Disks)
        {
            if (!old.TryGetValue(JsonText.Plain(disk["path"]), out var was))
            {
                effects.Add(Effect.Stopped);
                continue;
            }
            foreach (string name in disk.Concat(was).Select(pair => pair.Key).Distinct().Where(name => !JsonNode.DeepEquals(disk[name], was[name])))
            {
                effects.Add(s_live.Contains(name) ? Effect.Live
                    : name == "size" ? DiskRules.Bytes(disk) > DiskRules.Bytes(was) ? Effect.Live : Effect.Stopped
                    : Effect.NextBoot);
            }
        }
        return effects.Select(effect => new Change("disks", effect)).ToImmutableArray();
    }

    private static JsonObject? Find(List<JsonObject> disks, string path, string verb, PayloadReport report)
    {
        var disk = disks.Find(d => JsonText.Plain(d["path"]) == DiskRules.Spelled(path));
        if (disk is null)
        {
            report.AddFault($"{verb}: the VM has no disk {path} ({(disks.Count == 0 ? "it has none" : "it has " + string.Join(", ", disks.Select(d => JsonText.Plain(d["path"]))))})");
        }
        return disk;
    }

    private static void Merge(JsonObject disk, JsonObject change, VmSpec vm, PayloadReport report)
    {
        string path = JsonText.Plain(disk["path"]);
        bool mayShrink = change["dangerous_allow_shrink"] is JsonValue value && value.TryGetValue(out bool allowed) && allowed;
        long size = DiskRules.Mebibytes(disk, "size");
        bool holdsAll = size > 0 && DiskRules.Mebibytes(disk, "refreservation") == size;
        foreach (var (name, given) in change.Where(pair => pair.Key is not ("path" or "dangerous_allow_shrink")))
        {
            if (name is "size" or "refreservation" or "compression" && DiskRules.OwnDataset(disk, vm) is null)
            {
                report.AddFault($"update_disks: {path} was not made by vmadm, which changes no {name} of it");
                continue;
            }
            switch (name, given)
            {
                case ("size", null):
                    report.AddBadValue("disks.*.size", "is not unset: a disk has one");
                    break;
                case ("compression", null):
                    disk[name] = "off";
                    break;
                case ("refreservation", null):
                    disk[name] = size;
                    break;
                case (_, null):
                    disk.Remove(name);
                    break;
                default:
                    disk[name] = given.DeepClone();
                    break;
            }
        }
        long wanted = DiskRules.Mebibytes(disk, "size");
        if (wanted > 0 && wanted < size && !mayShrink)
        {
            report.AddFault($"update_disks: {path} has {size} MiB, and a size of {wanted} would cut off its end, whatever is there: "
                + (vm.Brand == "bhyve" ? "\"dangerous_allow_shrink\": true does it all the same" : $"brand {vm.Brand} has no such change"));
        }
        if (wanted != size && change["refreservation"] is null && (holdsAll || DiskRules.Mebibytes(disk, "refreservation") > wanted))
        {
            disk["refreservation"] = wanted;
        }
    }
}
