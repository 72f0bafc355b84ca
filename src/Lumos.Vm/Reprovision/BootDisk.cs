using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Disks;
using Lumos.Vm.Payload;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Reprovision;

/// <summary>What a reprovision of a hardware VM replaces: the disk that it boots from. All others stay.</summary>
/// <param name="Disk">As the configuration and its volume have it.</param>
/// <param name="Dataset">Its volume, which is the VM's own and lies in the VM's dataset.</param>
internal sealed record BootDisk(JsonObject Disk, DatasetName Dataset)
{
    /// <exception cref="LumosException">NoBootDisk, DiskElsewhere.</exception>
    internal static BootDisk Of(VmSpec vm)
    {
        var disk = vm.Disks.FirstOrDefault(DiskRules.Boots) is { } boots && !DiskRules.IsCdrom(boots) ? boots
            : throw new LumosException("NoBootDisk", $"VM {vm.Text("uuid")} has no disk that it boots from, which a new image could take the place of");
        return DiskRules.OwnDataset(disk, vm) is { } name && DatasetName.Parse(name) is var dataset && dataset.Parent?.Value == vm.RootDataset
            ? new BootDisk(disk, dataset)
            : throw new LumosException("DiskElsewhere", $"the disk that VM {vm.Text("uuid")} boots from, {JsonText.Plain(disk["path"])}, does not lie in {vm.RootDataset}: \"vmadm update\" replaces it");
    }

    /// <summary>The steps that make its successor, of the same size and with the same room held back.</summary>
    internal IEnumerable<VolumeStep> Successor(ImageFacts image, DatasetName dataset, bool volumesAreFiles)
    {
        var fresh = (JsonObject)Disk.DeepClone();
        fresh["image_uuid"] = image.Uuid.ToString();
        fresh["image_size"] = image.ImageSize;
        fresh.Remove("block_size"); // of a clone it is the image's
        return VolumeSteps.Making(fresh, dataset, SnapshotName.Parse(image.Snapshot), volumesAreFiles);
    }

    /// <summary>What stands against an image, as faults of the payload. Pure.</summary>
    internal void Check(VmSpec vm, ImageFacts image, PayloadReport report)
    {
        long size = DiskRules.Mebibytes(Disk, "size");
        if (image.ImageSize is not { } needed || size < needed)
        {
            report.AddBadValue("image_uuid", $"{image.Uuid} ({image.Name}) is of {image.ImageSize} MiB, and {JsonText.Plain(Disk["path"])}, which it would take the place of, of {size}: \"vmadm update\" grows that first");
        }
        if (image.Bootrom is { } bootrom && MachineFirmware.Parse(bootrom) != MachineFirmware.Parse(vm.Text("bootrom") ?? ""))
        {
            report.AddBadValue("image_uuid", $"{image.Uuid} ({image.Name}) boots with bootrom {bootrom}, and the VM has {vm.Text("bootrom") ?? "bios"}: \"vmadm update\" changes it");
        }
    }

    /// <summary>The configuration when it has its successor.</summary>
    internal static VmSpec Replaced(VmSpec vm, string image, long imageSize)
    {
        string path = JsonText.Plain(Of(vm).Disk["path"]);
        var disks = new JsonArray();
        foreach (var one in vm.Disks)
        {
            var disk = (JsonObject)one.DeepClone();
            if (JsonText.Plain(disk["path"]) == path)
            {
                (disk["image_uuid"], disk["image_size"]) = (image, imageSize);
                disk.Remove("block_size");
            }
            disks.Add((JsonNode)DiskRules.Ordered(disk));
        }
        return vm.With("disks", disks);
    }
}
