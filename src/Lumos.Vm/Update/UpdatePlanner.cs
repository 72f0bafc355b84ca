using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Update;

/// <summary>
/// Applies the checked payload of an update to a configuration: a given scalar replaces, null or "" takes back to the
/// default, add_/update_/remove_ change the arrays by their key, set_/remove_ change the maps. A function of its arguments.
/// </summary>
public static class UpdatePlanner
{
    private static readonly string[] Maps = ["tags", "customer_metadata", "internal_metadata", "routes"];

    public static UpdatePlan Plan(VmSpec before, JsonObject known, IIdentities ids, PayloadReport report)
    {
        var vm = (JsonObject)before.Properties.DeepClone();
        foreach (var (name, value) in known)
        {
            if (PropertyTable.Find(name) is not { Store: not null } row || row.Type == PropertyType.Objects)
            {
                continue; // the verbs follow
            }
            bool zeroUnsets = row.Type == PropertyType.Integer && name is not ("tmpfs" or "quota" or "zfs_snapshot_limit" or "zfs_filesystem_limit")
                && PropertyValue.TryInteger(value, out long number) && number == 0;
            vm.Remove(name);
            if (value is not null && !zeroUnsets)
            {
                vm[name] = value.DeepClone();
            }
            else if (DefaultOf(row, before) is { } normal)
            {
                vm[name] = normal;
            }
        }
        foreach (string map in Maps)
        {
            ChangeMap(vm, map, known);
        }
        if (new VmSpec(vm).IsDocker && !before.IsDocker)
        {
            DockerRules.Imply(vm, known);
        }
        ChangeNics(vm, before, known, ids, report);
        FilesystemChanges.Apply(vm, known, report);
        DiskChanges.Apply(vm, before, known, ids, report);
        Normaliser.SettleMemory(vm, before, before.Brand, report, known.Select(p => p.Key).ToHashSet());
        Normaliser.SettleShares(vm, report);
        Normaliser.SettleIds(vm, report);
        Normaliser.DropFalse(vm);

        return Between(before, new VmSpec(Normaliser.Ordered(vm)));
    }

    /// <summary>What leads from one configuration to another.</summary>
    public static UpdatePlan Between(VmSpec before, VmSpec after) => new(before, after, Differences(before, after));

    private static JsonNode? DefaultOf(Property row, VmSpec before) => row switch
    {
        { Default: PropertyTable.SameAsUuid } => JsonValue.Create(before.ZoneName),
        { Store: PropertyStore.DataZfs } when !before.HasData => null,
        _ => PropertyValue.Default(row),
    };

    private static void ChangeMap(JsonObject vm, string map, JsonObject known)
    {
        if (known[$"set_{map}"] is not JsonObject && known[$"remove_{map}"] is not JsonArray)
        {
            return;
        }
        var current = vm[map] as JsonObject ?? [];
        vm[map] ??= current;
        foreach (var (key, value) in known[$"set_{map}"] as JsonObject ?? [])
        {
            current[key] = value?.DeepClone();
        }
        foreach (var key in known[$"remove_{map}"] as JsonArray ?? [])
        {
            current.Remove(JsonText.Plain(key));
        }
    }

    private static void ChangeNics(JsonObject vm, VmSpec before, JsonObject known, IIdentities ids, PayloadReport report)
    {
        var removed = known["remove_nics"] as JsonArray;
        var updated = known["update_nics"] as JsonArray;
        var added = known["add_nics"] as JsonArray;
        if (removed is null && updated is null && added is null)
        {
            return;
        }
        var nics = new JsonArray();
        foreach (var nic in before.Nics)
        {
            nics.Add((JsonNode)(JsonObject)nic.DeepClone());
        }
        bool lostPrimary = false;
        foreach (string text in removed?.Select(JsonText.Plain) ?? [])
        {
            if (Find(nics, text, "remove_nics", report) is { } nic)
            {
                lostPrimary |= NicRules.IsPrimary(nic);
                nics.Remove(nic);
            }
        }
        string? wanted = null;
        foreach (var change in updated?.OfType<JsonObject>() ?? [])
        {
            if (change["mac"] is null)
            {
                report.AddMissing("update_nics.*.mac");
                if (change["interface"] is not null)
                {
                    report.AddFault($"update_nics: a NIC is named by its mac; interface {JsonText.Plain(change["interface"])} alone names none");
                }
            }
            else if (Find(nics, JsonText.Plain(change["mac"]), "update_nics", report) is { } nic)
            {
                Merge(nic, change);
                NicRules.SettleName(nic, nics.OfType<JsonObject>(), before.Brand);
                NicRules.Settle(nic, report);
                if (change["primary"] is not null && NicRules.IsPrimary(change))
                {
                    wanted = JsonText.Plain(nic["mac"]);
                }
                nics[nics.IndexOf(nic)] = NicRules.Ordered(nic);
            }
        }
        foreach (var given in added?.OfType<JsonObject>() ?? [])
        {
            var nic = NicRules.Complete(given, nics.OfType<JsonObject>(), before.Brand, ids, report);
            if (NicRules.IsPrimary(nic))
            {
                wanted = JsonText.Plain(nic["mac"]);
            }
            nics.Add((JsonNode)nic);
        }
        CheckNames(nics, report);
        NicRules.SettlePrimary(nics, wanted, lostPrimary, report);
        vm["nics"] = nics;
    }

    private static JsonObject? Find(JsonArray nics, string mac, string verb, PayloadReport report)
    {
        string wanted = Core.MacAddress.TryParse(mac, out var address) ? address.ToString() : mac;
        var nic = nics.OfType<JsonObject>().FirstOrDefault(n => JsonText.Plain(n["mac"]) == wanted);
        if (nic is null)
        {
            report.AddFault($"{verb}: the VM has no NIC with MAC {wanted}");
        }
        return nic;
    }

    /// <summary>A given ip or gateway takes the place of the lists that were made from the old ones, and the other way round.</summary>
    private static void Merge(JsonObject nic, JsonObject change)
    {
        if (change.ContainsKey("ips"))
        {
            nic.Remove("ip");
            nic.Remove("netmask");
        }
        else if (change.ContainsKey("ip") || change.ContainsKey("netmask"))
        {
            nic.Remove("ips");
            if (!change.ContainsKey("netmask") && !(IpNet.TryParse(JsonText.Plain(change["ip"]), out var ip) && !ip.IsV6 && !JsonText.Plain(change["ip"]).Contains('/')))
            {
                nic.Remove("netmask"); // that of the address before, which this one says itself or has none
            }
        }
        if (change.ContainsKey("gateways"))
        {
            nic.Remove("gateway");
        }
        else if (change.ContainsKey("gateway"))
        {
            nic.Remove("gateways");
        }
        foreach (var (name, value) in change)
        {
            if (value is null)
            {
                nic.Remove(name);
            }
            else if (name != "mac")
            {
                nic[name] = value.DeepClone();
            }
        }
    }

    private static void CheckNames(JsonArray nics, PayloadReport report)
    {
        foreach (var twice in nics.OfType<JsonObject>().GroupBy(n => JsonText.Plain(n["interface"])).Where(g => g.Count() > 1))
        {
            report.AddBadValue("nics.*.interface", $"\"{twice.Key}\" is given to two NICs");
        }
    }

    private static ImmutableArray<Change> Differences(VmSpec before, VmSpec after)
    {
        var changes = ImmutableArray.CreateBuilder<Change>();
        foreach (var row in PropertyTable.Rows.Where(r => r.Group is null && r.Store is not null))
        {
            if (!JsonNode.DeepEquals(before.Properties[row.Name], after.Properties[row.Name])
                && !(row.Name == "ram" && !BrandTable.IsHvm(after.Brand)))
            {
                changes.AddRange(row.Name == "disks" ? DiskChanges.Effects(before, after) : [new Change(row.Name, EffectOf(row.Name, before, after))]);
            }
        }
        return changes.ToImmutable();
    }

    /// <summary>When a change of a property is felt.</summary>
    public static Effect EffectOf(string name, VmSpec before, VmSpec after) => name switch
    {
        "ram" or "vcpus" or "cpu_type" or "bootrom" or "boot" or "vga" or "bhyve_extra_opts" or "qemu_opts" or "qemu_extra_opts" => Effect.NextBoot, // of a machine; the memory of other zones is a limit
        "pci_devices" => Effect.Stopped,
        "nics" => NicsAsTheyRun(before) == NicsAsTheyRun(after) ? Effect.Live : Effect.NextBoot,
        // Between none and some there is a mount to be made.
        "tmpfs" => before.Integer(name) > 0 && after.Integer(name) > 0 ? Effect.Live : Effect.NextBoot,
        "docker" or "kernel_version" or "init_name" or "zlog_max_size" or "filesystems" or "fs_allowed" or "limit_priv" => Effect.NextBoot,
        "hostname" => after.IsDocker ? Effect.NextBoot : Effect.Recorded,
        "internal_metadata" when after.IsDocker && DockerKeys(before) != DockerKeys(after) => Effect.NextBoot,
        "resolvers" or "dns_domain" => after.Flag("maintain_resolvers") ? Effect.Live : Effect.Recorded,
        _ => Effect.Live,
    };

    // What only says what happens at its end is looked at then.
    private static string DockerKeys(VmSpec vm) => string.Join('\n', (vm.Properties["internal_metadata"] as JsonObject ?? [])
        .Where(pair => pair.Key.StartsWith("docker:", StringComparison.Ordinal) && pair.Key != "docker:restartpolicy")
        .OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value?.ToJsonString()}"));

    // Without what is only kept: a change of that alone waits for nothing.
    private static string NicsAsTheyRun(VmSpec vm) => string.Join('\n', vm.Nics.Select(nic =>
    {
        var copy = (JsonObject)nic.DeepClone();
        foreach (var row in PropertyTable.Rows.Where(r => r.Group == "nics" && r.Status == PropertyStatus.Stored))
        {
            copy.Remove(row.Leaf);
        }
        return copy.ToJsonString();
    }));
}
