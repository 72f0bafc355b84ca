using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Payload;

/// <summary>Where new identities come from; tests give known ones.</summary>
public interface IIdentities
{
    Uuid NewUuid();

    MacAddress NewMac();
}

/// <summary>Random ones.</summary>
public sealed class RandomIdentities : IIdentities
{
    public Uuid NewUuid() => Uuid.New();

    public MacAddress NewMac() => MacAddress.Random();
}

/// <summary>
/// From the checked payload of a create to a settled configuration: old spellings, defaults, the couplings of the memory
/// properties, complete NICs. A function of its arguments.
/// </summary>
public static class Normaliser
{
    /// <summary>MiB of memory of a VM that does not say.</summary>
    public const long DefaultMemory = 256;

    /// <summary>MiB that max_swap is never below.</summary>
    public const long LeastSwap = 256;

    /// <summary>MiB that a hardware VM's zone has beyond its guest's memory, at least.</summary>
    private const long LeastOverhead = 256;

    private const long GreatestShares = 65535, GreatestIoPriority = 10_000, GreatestIds = 32_768, GreatestLwps = 4_194_304;

    /// <param name="pool">Where a VM goes whose payload names none.</param>
    public static VmSpec Create(JsonObject known, string brand, string pool, IIdentities ids, DateTimeOffset now, PayloadReport report)
    {
        var vm = new JsonObject();
        foreach (var (name, value) in known)
        {
            if (value is not null && name is not ("dataset_uuid" or "zfs_storage_pool_name" or "nics" or "filesystems" or "disks"))
            {
                vm[name] = value.DeepClone();
            }
        }
        vm["image_uuid"] ??= known["dataset_uuid"]?.DeepClone();
        vm["zpool"] ??= known["zfs_storage_pool_name"]?.DeepClone();
        vm["brand"] = brand;
        vm["uuid"] ??= ids.NewUuid().ToString();
        string uuid = JsonText.Plain(vm["uuid"]);
        if (vm["zonename"] is { } zonename && JsonText.Plain(zonename) != uuid)
        {
            report.AddFault("zonename other than the uuid is not acted on yet: leave it out");
        }
        vm["zonename"] = uuid;
        vm["v"] = 1;
        vm["create_timestamp"] = Timestamp(now);

        var brands = BrandTable.Parse(brand);
        foreach (var row in PropertyTable.Rows)
        {
            if (row.Group is null && row.Store is not null && row.Ops.HasFlag(PropertyOps.Create) && (row.Brands & brands) != 0
                && vm[row.Name] is null && PropertyValue.Default(row) is { } value && IsKept(row))
            {
                vm[row.Name] = value;
            }
        }
        vm["zpool"] ??= pool;
        if (brand == "bhyve" && known["quota"] is null)
        {
            vm["quota"] = 1; // of the files beside the disks
        }
        SettleData(vm);
        vm["hostname"] ??= uuid;
        SettleMemory(vm, null, brand, report);
        SettleShares(vm, report);
        SettleIds(vm, report);
        DropFalse(vm);
        foreach (string name in (string[])["cpu_cap", "max_shm_memory"])
        {
            DropZero(vm, name);
        }

        var nics = new JsonArray();
        foreach (var nic in (known["nics"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            nics.Add((JsonNode)NicRules.Complete(nic, nics.OfType<JsonObject>(), brand, ids, report));
        }
        NicRules.SettlePrimary(nics, null, promote: false, report);
        vm["nics"] = nics;
        if (BrandTable.IsHvm(brand))
        {
            vm["disks"] = DiskRules.Complete((known["disks"] as JsonArray)?.OfType<JsonObject>() ?? [], new VmSpec(vm), ids, report);
        }
        FilesystemRules.Put(vm, (known["filesystems"] as JsonArray)?.OfType<JsonObject>().Select(fs => FilesystemRules.Complete(fs, report)) ?? []);
        return new VmSpec(Ordered(vm));
    }

    // The dataset that is asked for gets its name. What is said of the root alone is not meant for it, though it lies below.
    private static void SettleData(JsonObject vm)
    {
        var made = new VmSpec(vm);
        if (made.Flag("delegate_dataset"))
        {
            vm["datasets"] = new JsonArray(made.DataDataset);
            foreach (var row in PropertyTable.Rows.Where(row => row.Store is PropertyStore.DataZfs && vm[row.Name.Replace("_data_", "_root_")] is not null))
            {
                vm[row.Name] ??= PropertyValue.Default(row);
            }
        }
        vm.Remove("delegate_dataset");
    }

    /// <summary>Couples max_physical_memory, max_locked_memory, max_swap and tmpfs as SmartOS does, and says where it bends a value.</summary>
    /// <param name="vm">The properties; changed.</param>
    /// <param name="before">The VM before an update; null at create.</param>
    /// <param name="brand">OS brands take ram as the cap.</param>
    /// <param name="report">Gets the adjustments.</param>
    /// <param name="given">At update: the names given; null at create.</param>
    public static void SettleMemory(JsonObject vm, VmSpec? before, string brand, PayloadReport report, IReadOnlySet<string>? given = null)
    {
        bool Given(string name) => given?.Contains(name) ?? vm[name] is not null;
        long? Value(string name) => PropertyValue.TryInteger(vm[name], out long n) ? n : null;

        long old = before?.Integer("max_physical_memory") ?? DefaultMemory;
        long physical = Given("max_physical_memory") ? Value("max_physical_memory") ?? DefaultMemory
            : Given("ram") ? (Value("ram") ?? DefaultMemory) + Overhead(brand)
            : before is null ? DefaultMemory + Overhead(brand) : old;
        if (physical < 1)
        {
            long used = before is null ? DefaultMemory : old;
            report.Adjust(Given("max_physical_memory") ? "max_physical_memory" : "ram", physical, used, "it cannot be less than 1");
            physical = used;
        }
        if (!BrandTable.IsHvm(brand) && Given("ram") && Given("max_physical_memory") && Value("ram") is { } ram && ram != physical)
        {
            report.Adjust("ram", ram, physical, "it is max_physical_memory, which is given too");
        }
        if (BrandTable.IsHvm(brand))
        {
            physical = Math.Max(physical, (Value("ram") ?? DefaultMemory) + LeastOverhead);
        }
        vm["max_physical_memory"] = physical;
        vm["ram"] = BrandTable.IsHvm(brand) ? Value("ram") ?? DefaultMemory : physical;

        long locked = Given("max_locked_memory") ? Value("max_locked_memory") ?? physical
            : before?.Integer("max_locked_memory") is { } oldLocked ? physical - (old - oldLocked) : physical;
        if (locked > physical || locked < 0)
        {
            if (Given("max_locked_memory"))
            {
                report.Adjust("max_locked_memory", locked, physical, "it cannot be more than max_physical_memory");
            }
            locked = physical;
        }
        vm["max_locked_memory"] = locked;

        long swap = Given("max_swap") ? Value("max_swap") ?? physical
            : before?.Integer("max_swap") is { } oldSwap && !(oldSwap == LeastSwap && old < LeastSwap) ? physical + (oldSwap - old)
            : physical;
        long least = Math.Max(physical, LeastSwap);
        if (swap < least)
        {
            if (Given("max_swap"))
            {
                report.Adjust("max_swap", swap, least, $"it cannot be less than max_physical_memory or {LeastSwap}");
            }
            swap = least;
        }
        vm["max_swap"] = swap;

        if (!BrandTable.IsHvm(brand))
        {
            long tmpfs = Given("tmpfs") ? Value("tmpfs") ?? physical
                : before?.Integer("tmpfs") is { } oldTmpfs ? (long)Math.Round((double)oldTmpfs / old * physical) : physical;
            if (tmpfs > physical)
            {
                if (Given("tmpfs"))
                {
                    report.Adjust("tmpfs", tmpfs, physical, "it cannot be more than max_physical_memory");
                }
                tmpfs = physical;
            }
            vm["tmpfs"] = tmpfs;
        }
    }

    /// <summary>MiB that a hardware VM's zone has beyond its guest's memory when nobody says: QEMU's own.</summary>
    private static long Overhead(string brand) => brand switch
    {
        "bhyve" => 1280,
        "kvm" => 1024,
        _ => 0,
    };

    public static void SettleShares(JsonObject vm, PayloadReport report)
    {
        LowerTo(vm, "cpu_shares", GreatestShares, report);
        LowerTo(vm, "zfs_io_priority", GreatestIoPriority, report);
        LowerTo(vm, "max_lwps", GreatestLwps, report);
    }

    /// <summary>The kernel tells no more objects of System V IPC apart than this.</summary>
    public static void SettleIds(JsonObject vm, PayloadReport report)
    {
        foreach (string name in (string[])["max_shm_ids", "max_sem_ids", "max_msg_ids"])
        {
            DropZero(vm, name);
            LowerTo(vm, name, GreatestIds, report);
        }
    }

    /// <summary>What SmartOS shows only while it is true.</summary>
    public static void DropFalse(JsonObject vm)
    {
        foreach (string name in (string[])["do_not_inventory", "archive_on_delete", "indestructible_zoneroot", "indestructible_delegated"])
        {
            if (vm[name] is JsonValue value && value.TryGetValue(out bool flag) && !flag)
            {
                vm.Remove(name);
            }
        }
    }

    private static void LowerTo(JsonObject vm, string name, long most, PayloadReport report)
    {
        if (PropertyValue.TryInteger(vm[name], out long number) && number > most)
        {
            report.Adjust(name, number, most, "it cannot be more");
            vm[name] = most;
        }
    }

    /// <summary>0 means "none" for every integer but quota and tmpfs.</summary>
    public static void DropZero(JsonObject vm, string name)
    {
        if (PropertyValue.TryInteger(vm[name], out long number) && number == 0)
        {
            vm.Remove(name);
        }
    }

    /// <summary>As JavaScript writes a date: 2026-11-20T10:45:00.123Z.</summary>
    public static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The properties in the table's order, so that files and output do not depend on the payload's.</summary>
    public static JsonObject Ordered(JsonObject vm)
    {
        var result = new JsonObject();
        foreach (var row in PropertyTable.Rows)
        {
            if (row.Group is null && vm[row.Name] is { } value)
            {
                result[row.Name] = value.DeepClone();
            }
        }
        foreach (var (name, value) in vm)
        {
            if (!result.ContainsKey(name) && value is not null)
            {
                result[name] = value.DeepClone();
            }
        }
        return result;
    }

    // false, empty and text defaults of rare properties say nothing, so they are not written, as in SmartOS.
    private static bool IsKept(Property row) => row.Name is "owner_uuid" or "billing_id" or "autoboot" or "dns_domain"
        or "cpu_shares" or "max_lwps" or "zfs_io_priority" or "limit_priv" or "quota" or "resolvers" or "tags"
        or "vcpus" or "customer_metadata" or "internal_metadata" or "routes" or "firewall_enabled";
}
