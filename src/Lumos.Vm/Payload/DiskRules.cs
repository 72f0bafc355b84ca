using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Payload;

/// <summary>
/// A hardware VM's disks, settled: a clone of an image of type zvol, a new volume of a size, both named by the lowest number that is free, or something
/// that is there already (nocreate, cdrom). What stands against them is told by <see cref="DiskChecks"/>. Pure.
/// <para>
/// A disk is the VM's own, and goes with it, where its dataset is named after the VM: POOL/UUID/diskN in the pool of the VM, POOL/UUID-diskN in
/// another. Whatever else it names is somebody else's, and never destroyed.
/// </para>
/// </summary>
public static class DiskRules
{
    /// <summary>Where volumes are seen as devices.</summary>
    public const string Devices = "/dev/zvol/";

    /// <summary>Names of such a device on SmartOS: as blocks, and as what comes in no order. Linux has one.</summary>
    private static readonly string[] s_otherDevices = ["/dev/zvol/rdsk/", "/dev/zvol/dsk/"];

    public const string Cdrom = "cdrom";

    /// <summary>Of a volume that is a file.</summary>
    private const long FileBlockSize = 8192;

    private static readonly string[] Order =
        ["path", "boot", "model", "media", "image_uuid", "image_size", "size", "refreservation", "compression", "block_size", "guest_block_size", "notrim", "pci_slot", "uuid", "zpool", "zfs_filesystem"];

    /// <summary>A VM's disks, each with its name, in the order get prints.</summary>
    public static JsonArray Complete(IEnumerable<JsonObject> given, VmSpec vm, IIdentities ids, PayloadReport report)
    {
        var disks = new JsonArray();
        foreach (var disk in Added(given, [], vm, ids, report))
        {
            disks.Add((JsonNode)disk);
        }
        var all = disks.OfType<JsonObject>().ToList();
        if (!all.Any(Boots) && (all.FirstOrDefault(disk => !IsCdrom(disk)) ?? all.FirstOrDefault()) is { } first)
        {
            first["boot"] = true;
        }
        Settle(disks, vm.Brand);
        return disks;
    }

    /// <summary>The disks that a payload adds to those that are there.</summary>
    internal static List<JsonObject> Added(IEnumerable<JsonObject> given, IEnumerable<JsonObject> there, VmSpec vm, IIdentities ids, PayloadReport report)
    {
        var added = given.Select(one => (JsonObject)one.DeepClone()).ToList();
        foreach (var disk in added.Where(disk => disk["path"] is not null))
        {
            disk["path"] = Spelled(JsonText.Plain(disk["path"]));
        }
        var names = there.Concat(added).Select(disk => JsonText.Plain(disk["path"])).ToHashSet();
        foreach (var disk in added)
        {
            disk["media"] ??= "disk";
            disk["uuid"] ??= ids.NewUuid().ToString();
            if (IsCdrom(disk))
            {
                // On a chip set whose models do not include ahci, the drive is on its own controller.
                disk["model"] ??= vm.Brand == "kvm" ? "ide" : "ahci";
            }
            bool usesWhatIsThere = IsCdrom(disk) || disk["nocreate"] is JsonValue value && value.TryGetValue(out bool nocreate) && nocreate;
            disk.Remove("nocreate");
            if (usesWhatIsThere)
            {
                foreach (string made in (string[])["image_uuid", "image_size", "zpool", "block_size", "compression", "refreservation"])
                {
                    if (disk[made] is not null)
                    {
                        report.AddBadValue($"disks.*.{made}", $"is of a disk that is made; {JsonText.Plain(disk["path"])} is there already (media cdrom, nocreate)");
                    }
                    disk.Remove(made);
                }
                if (disk["path"] is null)
                {
                    report.AddFault(IsCdrom(disk) ? "a disk with media cdrom needs path, the file of this machine that is in the drive" : "a disk with nocreate needs path, the volume or file of this machine that it is");
                    disk["path"] = "";
                }
                continue;
            }
            disk["zpool"] ??= vm.Zpool;
            if (disk["path"] is { } path && Dataset(JsonText.Plain(path)) is var named && (named is null || !IsOwn(named, vm)))
            {
                report.AddBadValue("disks.*.path", $"{JsonText.Plain(path)}: a disk that is made has a name of its own, so leave it out; \"nocreate\": true uses one that is there");
            }
            disk["path"] ??= Devices + FreeName(JsonText.Plain(disk["zpool"]), vm, names);
            names.Add(JsonText.Plain(disk["path"]));
        }
        foreach (var disk in added.Where(disk => Dataset(JsonText.Plain(disk["path"])) is not null))
        {
            disk["zfs_filesystem"] = Dataset(JsonText.Plain(disk["path"]))!;
            disk["zpool"] ??= Dataset(JsonText.Plain(disk["path"]))!.Split('/')[0];
        }
        return added;
    }

    /// <summary>What is said only where it is so, and the places in which disks of bhyve stay, whatever comes and goes beside them.</summary>
    internal static void Settle(JsonArray disks, string brand)
    {
        var all = disks.OfType<JsonObject>().ToList();
        foreach (var disk in all)
        {
            foreach (string flag in (string[])["boot", "notrim"])
            {
                if (disk[flag] is JsonValue value && value.TryGetValue(out bool on) && !on)
                {
                    disk.Remove(flag);
                }
            }
            if (disk["pci_slot"] is { } given && PciSlot.TryParse(JsonText.Plain(given), out var slot))
            {
                disk["pci_slot"] = slot.Text;
            }
        }
        if (brand == "bhyve")
        {
            var places = DiskPlaces.Of(MachineProfile.Bhyve, [.. all.Select(ToMachine)]);
            for (int n = 0; n < all.Count; n++)
            {
                if (places[n] is { } place)
                {
                    all[n]["pci_slot"] ??= place.Text;
                }
            }
        }
    }

    /// <summary>What images, and paths that are there, say where the payload is silent: sizes and models.</summary>
    public static VmSpec FromImages(VmSpec vm, HostFacts host, PayloadReport report, VmSpec? before = null)
    {
        if (!vm.IsMachine)
        {
            return vm;
        }
        var known = (before?.Disks ?? []).Select(disk => JsonText.Plain(disk["path"])).ToHashSet();
        var disks = new JsonArray();
        foreach (var one in vm.Disks)
        {
            var disk = (JsonObject)one.DeepClone();
            if (!known.Contains(JsonText.Plain(disk["path"])))
            {
                FillIn(disk, vm, host, report);
            }
            disks.Add((JsonNode)Ordered(disk));
        }
        if (before is not null)
        {
            return vm.With("disks", disks);
        }
        var nics = new JsonArray();
        string nicModel = vm.Text("nic_driver") ?? vm.Disks.Select(disk => ImageOf(disk, host)?.NicDriver).FirstOrDefault(name => name is not null) ?? "virtio";
        foreach (var one in vm.Nics)
        {
            var nic = (JsonObject)one.DeepClone();
            nic["model"] ??= nicModel;
            nics.Add((JsonNode)nic);
        }
        return vm.With("disks", disks).With("nics", nics);
    }

    private static void FillIn(JsonObject disk, VmSpec vm, HostFacts host, PayloadReport report)
    {
        var image = ImageOf(disk, host);
        disk["model"] ??= vm.Text("disk_driver") ?? image?.DiskDriver ?? "virtio";
        if (OwnDataset(disk, vm) is null)
        {
            if (!IsCdrom(disk) && disk["size"] is null && host.DiskPaths.GetValueOrDefault(JsonText.Plain(disk["path"])) is { Bytes: > 0 and var bytes })
            {
                disk["size"] = bytes >> 20;
            }
            return;
        }
        if (image?.ImageSize is { } mebibytes)
        {
            disk["image_size"] ??= mebibytes;
            disk["size"] ??= mebibytes;
        }
        // A clone takes no room of its own where none can be held back.
        disk["refreservation"] ??= host.VolumesAreFiles && image is not null ? 0 : disk["size"]?.DeepClone();
        if (host.VolumesAreFiles && disk["block_size"] is { } size)
        {
            if (!PropertyValue.TryInteger(size, out long bytes) || bytes != FileBlockSize)
            {
                report.Adjust("disks.*.block_size", JsonText.Plain(size), FileBlockSize, "volumes of this machine are files, whose blocks btrfs chooses");
            }
            disk.Remove("block_size");
        }
    }

    /// <summary>Bytes of a disk that is to be made, or grown.</summary>
    public static long Bytes(JsonObject disk) => Mebibytes(disk, "size") << 20;

    internal static long Mebibytes(JsonObject disk, string name) => PropertyValue.TryInteger(disk[name], out long mebibytes) ? mebibytes : 0;

    public static bool Boots(JsonObject disk) => disk["boot"] is JsonValue value && value.TryGetValue(out bool boots) && boots;

    public static bool IsCdrom(JsonObject disk) => JsonText.Plain(disk["media"]) == Cdrom;

    /// <summary>The disk's dataset where it is the VM's own; null: it is not.</summary>
    public static string? OwnDataset(JsonObject disk, VmSpec vm) =>
        !IsCdrom(disk) && Dataset(JsonText.Plain(disk["path"])) is { } dataset && IsOwn(dataset, vm) ? dataset : null;

    /// <summary>The dataset whose device a path is; null: it is none's.</summary>
    internal static string? Dataset(string path) =>
        path.StartsWith(Devices, StringComparison.Ordinal) && Drivers.Datasets.DatasetName.TryParse(path[Devices.Length..], out var name) ? name.Value : null;

    /// <summary>A path as it is written down: of the names that SmartOS has for one device, the one it has here.</summary>
    internal static string Spelled(string path) =>
        s_otherDevices.FirstOrDefault(other => path.StartsWith(other, StringComparison.Ordinal)) is { } other ? Devices + path[other.Length..] : path;

    /// <summary>What <see cref="HostFacts.DiskImages"/> has a disk's image under.</summary>
    internal static string ImageKey(JsonObject disk) => $"{JsonText.Plain(disk["zpool"])}/{JsonText.Plain(disk["image_uuid"])}";

    internal static ImageFacts? ImageOf(JsonObject disk, HostFacts host) => disk["image_uuid"] is null ? null : host.DiskImages.GetValueOrDefault(ImageKey(disk));

    /// <summary>As the machine's builder takes it.</summary>
    internal static MachineDisk ToMachine(JsonObject disk) => new(JsonText.Plain(disk["path"]), JsonText.Plain(disk["model"]) is { Length: > 0 } model ? model : "virtio")
    {
        Boots = Boots(disk),
        IsMedia = IsCdrom(disk),
        Slot = PciSlot.TryParse(JsonText.Plain(disk["pci_slot"]), out var slot) ? slot : null,
        Sectors = SectorSizes.TryParse(JsonText.Plain(disk["guest_block_size"]), out var sectors) ? sectors : null,
    };

    private static bool IsOwn(string dataset, VmSpec vm) => NumberIn(dataset, vm.RootDataset + "/disk") || NumberIn(dataset, $"{dataset.Split('/')[0]}/{vm.ZoneName}-disk");

    private static bool NumberIn(string dataset, string before) =>
        dataset.StartsWith(before, StringComparison.Ordinal) && int.TryParse(dataset.AsSpan(before.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static string FreeName(string pool, VmSpec vm, HashSet<string> taken)
    {
        string before = pool == vm.Zpool ? vm.RootDataset + "/disk" : $"{pool}/{vm.ZoneName}-disk";
        return Enumerable.Range(0, int.MaxValue).Select(n => string.Create(CultureInfo.InvariantCulture, $"{before}{n}")).First(name => !taken.Contains(Devices + name));
    }

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
