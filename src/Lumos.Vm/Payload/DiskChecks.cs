using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Payload;

/// <summary>What stands against the disks of a hardware VM, told before anything is made. Pure.</summary>
public static class DiskChecks
{
    /// <summary>As many as SmartOS's bhyve gives a guest.</summary>
    private const int MostVcpus = 64;

    /// <summary>MiB beyond which bytes do not fit into 63 bits.</summary>
    private const long GreatestSize = 1L << 43;

    private const long LeastBlock = 512, GreatestBlock = 128 << 10;

    public static void Run(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        if (!vm.IsMachine)
        {
            return;
        }
        if (before is null)
        {
            if (host.MachineFault is { } missing)
            {
                report.AddFault($"no VM of brand {vm.Brand} can be made on this machine: {missing}");
            }
            if (vm.ImageUuid is { } whole)
            {
                report.AddBadValue("image_uuid", $"{whole} is what a zone is made of; a disk of a hardware VM says its own: \"disks\": [{{\"image_uuid\": \"{whole}\"}}]");
            }
        }
        if (vm.List("limit_priv").Any(privilege => privilege != "default") && before?.List("limit_priv").SequenceEqual(vm.List("limit_priv")) != true)
        {
            report.AddBadValue("limit_priv", $"says what root may do in a zone; the emulator of brand {vm.Brand} has no privileges at all: leave it out");
        }
        if (vm.Integer("vcpus") is { } vcpus && vcpus > MostVcpus)
        {
            report.AddBadValue("vcpus", $"{vcpus} is more than {MostVcpus}");
        }
        var known = (before?.Disks ?? []).ToDictionary(disk => JsonText.Plain(disk["path"]), StringComparer.Ordinal);
        var added = vm.Disks.Where(disk => !known.ContainsKey(JsonText.Plain(disk["path"]))).ToList();
        foreach (var disk in added)
        {
            CheckNew(disk, vm, host, report);
        }
        foreach (var disk in vm.Disks)
        {
            CheckValues(disk, known.GetValueOrDefault(JsonText.Plain(disk["path"])), report);
        }
        CheckOthers(vm, added, host, report);
        CheckRoom(vm, added, known, host, report);
        CheckBudget(vm, before, report);
        var machine = new MachineSpec
        {
            Profile = MachineProfile.Of(vm.Brand)!,
            Uuid = vm.ZoneName,
            Disks = [.. vm.Disks.Select(DiskRules.ToMachine)],
            Nics = [.. vm.Nics.Select(nic => new MachineNic(JsonText.Plain(nic["mac"]), JsonText.Plain(nic["model"]) is { Length: > 0 } model ? model : "virtio"))],
        };
        if (MachineReader.Fault(machine) is { } fault)
        {
            report.AddFault(fault);
        }
    }

    private static void CheckNew(JsonObject disk, VmSpec vm, HostFacts host, PayloadReport report)
    {
        string path = JsonText.Plain(disk["path"]);
        if (DiskRules.OwnDataset(disk, vm) is null)
        {
            if (host.DiskPaths.GetValueOrDefault(path) is { } there)
            {
                if (there.Fault is { } fault)
                {
                    report.AddBadValue("disks.*.path", $"{path} {fault}");
                }
                else if (!DiskRules.IsCdrom(disk) && PropertyValue.TryInteger(disk["size"], out long said) && said != there.Bytes >> 20)
                {
                    report.AddBadValue("disks.*.size", $"{said} is not what {path} has ({there.Bytes >> 20}): leave it out");
                }
            }
            return;
        }
        if (!host.Pools.Contains(JsonText.Plain(disk["zpool"])))
        {
            report.AddBadValue("disks.*.zpool", $"\"{JsonText.Plain(disk["zpool"])}\" is no pool of this machine ({string.Join(", ", host.Pools.Order())})");
            return;
        }
        if (disk["image_uuid"] is null)
        {
            if (disk["size"] is null)
            {
                report.AddFault($"disk {path} has neither image_uuid, of which it would be a clone, nor size (MiB), with which it would be made");
            }
            return;
        }
        string text = JsonText.Plain(disk["image_uuid"]);
        if (disk["block_size"] is not null)
        {
            report.AddBadValue("disks.*.block_size", $"is of a volume that is made anew; a clone of image {text} has its image's: leave it out");
        }
        if (DiskRules.ImageOf(disk, host) is not { } image)
        {
            report.AddBadValue("disks.*.image_uuid", $"{text} is not installed on pool {JsonText.Plain(disk["zpool"])}: \"imgadm import {text}\" fetches it");
            return;
        }
        if (image.Type != "zvol")
        {
            report.AddBadValue("disks.*.image_uuid", $"{text} ({image.Name}) is of type {image.Type}; a disk is made of one of type zvol");
        }
        if (image.ImageSize is { } whole && disk["image_size"] is { } said2 && JsonText.Plain(said2) != JsonText.Plain(JsonValue.Create(whole)))
        {
            report.AddBadValue("disks.*.image_size", $"{JsonText.Plain(said2)} is not what image {text} ({image.Name}) has: {whole}");
        }
        if (image.ImageSize is { } least && PropertyValue.TryInteger(disk["size"], out long wanted) && wanted != least && (wanted < least || vm.Integer("flexible_disk_size") is null))
        {
            report.AddBadValue("disks.*.size", wanted < least ? $"{wanted} is less than image {text} ({image.Name}) has ({least}), and would cut off its end"
                : $"{wanted} is not what image {text} ({image.Name}) has ({least}), and without flexible_disk_size a clone has its image's size: leave it out, or give flexible_disk_size");
        }
    }

    private static void CheckValues(JsonObject disk, JsonObject? before, PayloadReport report)
    {
        bool IsNew(string name) => disk[name] is not null && !JsonNode.DeepEquals(disk[name], before?[name]);
        string path = JsonText.Plain(disk["path"]);
        if (IsNew("size") && (!PropertyValue.TryInteger(disk["size"], out long size) || size is < 1 or >= GreatestSize))
        {
            report.AddBadValue("disks.*.size", $"{JsonText.Plain(disk["size"])} is not a size of a disk (MiB)");
        }
        if (IsNew("media") && JsonText.Plain(disk["media"]) is not ("disk" or DiskRules.Cdrom))
        {
            report.AddBadValue("disks.*.media", $"\"{JsonText.Plain(disk["media"])}\" is neither disk nor cdrom");
        }
        if (IsNew("block_size") && (!PropertyValue.TryInteger(disk["block_size"], out long block) || block is < LeastBlock or > GreatestBlock || !long.IsPow2(block)))
        {
            report.AddBadValue("disks.*.block_size", $"{JsonText.Plain(disk["block_size"])} is not a power of two from {LeastBlock} to {GreatestBlock}");
        }
        if (IsNew("compression") && !DatasetRules.IsCompression(JsonText.Plain(disk["compression"])))
        {
            report.AddBadValue("disks.*.compression", $"\"{JsonText.Plain(disk["compression"])}\" {DatasetRules.NoCompression}");
        }
        if (IsNew("guest_block_size") && !SectorSizes.TryParse(JsonText.Plain(disk["guest_block_size"]), out _))
        {
            report.AddBadValue("disks.*.guest_block_size", $"\"{JsonText.Plain(disk["guest_block_size"])}\" is not SIZE or LOGICAL/PHYSICAL, powers of two from 512 to 32768 the second of which is no less than the first");
        }
        if (IsNew("pci_slot") && !PciSlot.TryParse(JsonText.Plain(disk["pci_slot"]), out _))
        {
            report.AddBadValue("disks.*.pci_slot", $"\"{JsonText.Plain(disk["pci_slot"])}\" is not 0:DEVICE:FUNCTION (bus 0, devices to {PciSlot.Devices - 1}, functions to {PciSlot.Functions - 1}), such as 0:5:0");
        }
        if ((IsNew("refreservation") || IsNew("size")) && PropertyValue.TryInteger(disk["refreservation"], out long held) && PropertyValue.TryInteger(disk["size"], out long whole)
            && (held < 0 || held > whole))
        {
            report.AddBadValue("disks.*.refreservation", $"{held} is not within 0 (thin) to the size of {path} ({whole})");
        }
    }

    /// <summary>Two guests that write to one disk destroy what is on it; media that are only read may be in many drives.</summary>
    private static void CheckOthers(VmSpec vm, List<JsonObject> added, HostFacts host, PayloadReport report)
    {
        foreach (var twice in vm.Disks.GroupBy(disk => JsonText.Plain(disk["path"])).Where(group => group.Count() > 1 && group.Key.Length > 0))
        {
            report.AddBadValue("disks.*.path", $"{twice.Key} is given to two disks");
        }
        foreach (var disk in added)
        {
            string path = JsonText.Plain(disk["path"]);
            foreach (var other in host.Vms.Where(other => JsonText.Plain(other["uuid"]) != vm.Text("uuid")))
            {
                if ((other["disks"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(theirs => JsonText.Plain(theirs["path"]) == path) is { } theirs
                    && !(DiskRules.IsCdrom(disk) && DiskRules.IsCdrom(theirs)))
                {
                    report.AddBadValue("disks.*.path", $"{path} is a disk of VM {JsonText.Plain(other["uuid"])}");
                }
            }
        }
    }

    private static void CheckRoom(VmSpec vm, List<JsonObject> added, Dictionary<string, JsonObject> known, HostFacts host, PayloadReport report)
    {
        foreach (var pool in vm.Disks.Where(disk => DiskRules.OwnDataset(disk, vm) is not null).GroupBy(disk => JsonText.Plain(disk["zpool"])))
        {
            long wanted = pool.Sum(disk => added.Contains(disk) ? DiskRules.Mebibytes(disk, "refreservation")
                : Math.Max(0, DiskRules.Mebibytes(disk, "refreservation") - DiskRules.Mebibytes(known[JsonText.Plain(disk["path"])], "refreservation")));
            if (wanted is > 0 and < GreatestSize && host.Free.TryGetValue(pool.Key, out long free) && wanted << 20 > free)
            {
                report.AddFault($"pool {pool.Key} has {new ByteCount(free)} left, and {new ByteCount(wanted << 20)} are to be held back for disks: "
                    + "\"refreservation\": 0 makes a disk that takes room as it is written to");
            }
        }
    }

    private static void CheckBudget(VmSpec vm, VmSpec? before, PayloadReport report)
    {
        if (vm.Integer("flexible_disk_size") is not { } budget)
        {
            return;
        }
        long total = vm.Disks.Where(disk => DiskRules.OwnDataset(disk, vm) is not null).Sum(disk => DiskRules.Mebibytes(disk, "size"));
        if (total > budget && (before is null || before.Integer("flexible_disk_size") != budget || total > before.Disks.Sum(disk => DiskRules.Mebibytes(disk, "size"))))
        {
            report.AddFault($"disks take {total} MiB, and flexible_disk_size has {budget}: give it more, or the disks less");
        }
    }
}
