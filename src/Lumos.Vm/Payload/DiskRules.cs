using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Payload;

/// <summary>
/// The rules of a hardware VM's disks: each is a clone of an image of type zvol or a new volume of a size, a child of the VM's dataset named by its place
/// in the list. Pure.
/// </summary>
public static class DiskRules
{
    /// <summary>Where volumes are seen as devices.</summary>
    public const string Devices = "/dev/zvol/";

    private static readonly string[] Order =
        ["path", "boot", "model", "media", "image_uuid", "image_size", "size", "uuid", "zpool", "zfs_filesystem"];

    /// <summary>A VM's disks, each with its name, in the order get prints.</summary>
    public static JsonArray Complete(IEnumerable<JsonObject> given, VmSpec vm, IIdentities ids, PayloadReport report)
    {
        var disks = new JsonArray();
        foreach (var one in given)
        {
            var disk = (JsonObject)one.DeepClone();
            string dataset = $"{vm.RootDataset}/disk{disks.Count}";
            if (disk["path"] is { } path)
            {
                report.AddBadValue("disks.*.path", $"{JsonText.Plain(path)} is not acted on yet: leave it out, and the disk is made as {Devices}{dataset}");
            }
            disk["path"] = Devices + dataset;
            disk["zfs_filesystem"] = dataset;
            disk["zpool"] = vm.Zpool;
            disk["media"] ??= "disk";
            disk["uuid"] ??= ids.NewUuid().ToString();
            disks.Add((JsonNode)disk);
        }
        if (!disks.OfType<JsonObject>().Any(Boots) && disks.Count > 0)
        {
            disks[0]!["boot"] = true;
        }
        foreach (var disk in disks.OfType<JsonObject>().Where(disk => !Boots(disk)))
        {
            disk.Remove("boot");
        }
        return disks;
    }

    /// <summary>What the images say where the payload is silent: sizes and models.</summary>
    public static VmSpec FromImages(VmSpec vm, HostFacts host)
    {
        if (!vm.IsMachine)
        {
            return vm;
        }
        var disks = new JsonArray();
        foreach (var before in vm.Disks)
        {
            var disk = (JsonObject)before.DeepClone();
            var image = ImageOf(disk, host);
            if (image?.ImageSize is { } mebibytes)
            {
                disk["image_size"] ??= mebibytes;
                disk["size"] ??= mebibytes;
            }
            disk["model"] ??= vm.Text("disk_driver") ?? image?.DiskDriver ?? "virtio";
            disks.Add((JsonNode)Ordered(disk));
        }
        var nics = new JsonArray();
        string nicModel = vm.Text("nic_driver") ?? vm.Disks.Select(disk => ImageOf(disk, host)?.NicDriver).FirstOrDefault(name => name is not null) ?? "virtio";
        foreach (var before in vm.Nics)
        {
            var nic = (JsonObject)before.DeepClone();
            nic["model"] ??= nicModel;
            nics.Add((JsonNode)nic);
        }
        return vm.With("disks", disks).With("nics", nics);
    }

    public static void Check(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
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
            foreach (var disk in vm.Disks)
            {
                CheckNew(disk, host, report);
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
        var machine = new MachineSpec
        {
            Profile = MachineProfile.Of(vm.Brand)!,
            Uuid = vm.ZoneName,
            Disks = [.. vm.Disks.Select(disk => new MachineDisk(JsonText.Plain(disk["path"]), JsonText.Plain(disk["model"])) { Boots = Boots(disk) })],
            Nics = [.. vm.Nics.Select(nic => new MachineNic(JsonText.Plain(nic["mac"]), JsonText.Plain(nic["model"]) is { Length: > 0 } model ? model : "virtio"))],
        };
        if (MachineReader.Fault(machine) is { } fault)
        {
            report.AddFault(fault);
        }
    }

    /// <summary>Bytes of a disk that is to be made without an image.</summary>
    public static long Bytes(JsonObject disk) => PropertyValue.TryInteger(disk["size"], out long mebibytes) ? mebibytes << 20 : 0;

    public static bool Boots(JsonObject disk) => disk["boot"] is JsonValue value && value.TryGetValue(out bool boots) && boots;

    /// <summary>As many as SmartOS's bhyve gives a guest.</summary>
    private const int MostVcpus = 64;

    /// <summary>MiB beyond which bytes do not fit into 63 bits.</summary>
    private const long GreatestSize = 1L << 43;

    private static void CheckNew(JsonObject disk, HostFacts host, PayloadReport report)
    {
        if (disk["image_uuid"] is not { } uuid)
        {
            if (disk["size"] is null)
            {
                report.AddFault($"disk {JsonText.Plain(disk["path"])} has neither image_uuid, of which it would be a clone, nor size (MiB), with which it would be made");
            }
            else if (!PropertyValue.TryInteger(disk["size"], out long size) || size is < 1 or >= GreatestSize)
            {
                report.AddBadValue("disks.*.size", $"{JsonText.Plain(disk["size"])} is not a size of a disk (MiB)");
            }
            return;
        }
        string text = JsonText.Plain(uuid);
        if (ImageOf(disk, host) is not { } image)
        {
            report.AddBadValue("disks.*.image_uuid", $"{text} is not installed on pool {JsonText.Plain(disk["zpool"])}: \"imgadm import {text}\" fetches it");
            return;
        }
        if (image.Type != "zvol")
        {
            report.AddBadValue("disks.*.image_uuid", $"{text} ({image.Name}) is of type {image.Type}; a disk is made of one of type zvol");
        }
        if (image.ImageSize is { } whole && disk["image_size"] is { } said && JsonText.Plain(said) != JsonText.Plain(JsonValue.Create(whole)))
        {
            report.AddBadValue("disks.*.image_size", $"{JsonText.Plain(said)} is not what image {text} ({image.Name}) has: {whole}");
        }
        if (image.ImageSize is { } size2 && PropertyValue.TryInteger(disk["size"], out long wanted) && wanted != size2)
        {
            report.AddBadValue("disks.*.size", $"{wanted} is not what image {text} ({image.Name}) has ({size2}), and without flexible_disk_size, which is not acted on yet, a clone has its image's size: leave it out");
        }
    }

    private static ImageFacts? ImageOf(JsonObject disk, HostFacts host) => host.DiskImages.GetValueOrDefault(JsonText.Plain(disk["image_uuid"]));

    internal static JsonObject Ordered(JsonObject disk)
    {
        var result = new JsonObject();
        foreach (string name in Order.Concat(disk.Select(pair => pair.Key)).Distinct())
        {
            if (disk[name] is { } value)
            {
                result[name] = value.DeepClone();
            }
        }
        return result;
    }
}
