using System.Globalization;
using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Machines;

/// <summary>Makes a <see cref="MachineSpec"/> of a zone's configuration. Pure.</summary>
public static class MachineReader
{
    /// <summary>Null: the zone is no machine's.</summary>
    /// <exception cref="LumosException">InvalidZoneConfig</exception>
    public static MachineSpec? Read(ZoneConfig zone)
    {
        if (MachineProfile.Of(zone.Brand.Name) is not { } profile)
        {
            return null;
        }
        LumosException Wrong(string what) => new("InvalidZoneConfig", $"zone '{zone.Name}': {what}");
        var boot = zone.Attr(ZoneAttrNames.Boot) is { Length: > 0 } order ? BootOptions.Parse(order) : new BootOptions(MachineSpec.DefaultBootOrder, null);
        var machine = new MachineSpec
        {
            Profile = profile,
            Uuid = zone.Name.Text,
            Vcpus = Number(zone, ZoneAttrNames.Vcpus) is { } vcpus and >= 1 ? (int)vcpus : 1,
            Ram = Number(zone, ZoneAttrNames.Ram) ?? throw Wrong("attr ram says no number of MiB"),
            CpuType = zone.Attr(ZoneAttrNames.CpuType) ?? MachineSpec.HostCpu,
            Firmware = MachineFirmware.Parse(zone.Attr(ZoneAttrNames.Bootrom) ?? ""),
            Display = zone.Attr(ZoneAttrNames.Vga) ?? MachineProfile.StandardDisplay,
            HasAgent = zone.Attr(ZoneAttrNames.GuestAgent) is "true" or "1",
            ExtraWords = QemuOptions.Parse(string.Join(' ', zone.Attr(ZoneAttrNames.BhyveExtraOptions), zone.Base64Attr(ZoneAttrNames.QemuOptions), zone.Base64Attr(ZoneAttrNames.QemuExtraOptions))),
            BootOrder = boot.First,
            LaterBootOrder = boot.Later,
            Disks = [.. zone.Devices.Select(device => Disk(device, zone))],
            Nics = [.. zone.Networks.Select(network => new MachineNic(
                MacAddress.TryParse(network.MacAddr ?? "", out var mac) ? mac.ToString() : throw Wrong($"network {network.Physical} has no mac-addr"),
                network.NetAttr("model") ?? zone.Attr(ZoneAttrNames.NicDriver) ?? "virtio"))],
        };
        return Fault(machine) is { } fault ? throw Wrong(fault) : machine;
    }

    /// <summary>What cannot be built, as the end of a sentence; null: it can.</summary>
    public static string? Fault(MachineSpec machine)
    {
        var profile = machine.Profile;
        string brand = $"brand {profile.Name}";
        return machine.Disks.FirstOrDefault(disk => !profile.DiskModels.ContainsKey(disk.Model)) is { } disk
                ? $"disk {disk.Path} has model \"{disk.Model}\"; {brand} has {string.Join(", ", profile.DiskModels.Keys.Order(StringComparer.Ordinal))}"
            : machine.Nics.FirstOrDefault(nic => !profile.NicModels.ContainsKey(nic.Model)) is { } nic
                ? $"nic {nic.Mac} has model \"{nic.Model}\"; {brand} has {string.Join(", ", profile.NicModels.Keys.Order(StringComparer.Ordinal))}"
            : !profile.Displays.ContainsKey(machine.Display)
                ? $"vga \"{machine.Display}\" is not there; {brand} has {string.Join(", ", profile.Displays.Keys.Order(StringComparer.Ordinal))}"
            : machine.CpuType is not (MachineSpec.HostCpu or "qemu64") ? $"cpu_type \"{machine.CpuType}\" is neither {MachineSpec.HostCpu} nor qemu64"
            : machine.Disks.Count(d => d.Boots) > 1 ? "more than one disk boots"
            : machine.Disks.FirstOrDefault(d => d.IsMedia && profile.DiskModels[d.Model].Cdrom is null) is { } drive
                ? $"disk {drive.Path} is a cdrom of model \"{drive.Model}\"; {brand} has such drives of model {string.Join(", ", profile.DiskModels.Where(m => m.Value.Cdrom is not null).Select(m => m.Key).Order(StringComparer.Ordinal))}"
            : machine.Disks.FirstOrDefault(d => d.Sectors?.Logical > profile.DiskModels[d.Model].LargestSector) is { } coarse
                ? $"disk {coarse.Path} has guest_block_size {coarse.Sectors!.Logical}; a disk of model {coarse.Model} has {profile.DiskModels[coarse.Model].LargestSector} at most (512/{coarse.Sectors.Physical} says how it writes)"
            : DiskPlaces.Fault(machine) is { } place ? place
            : machine.Nics.Length > profile.MostNics ? $"has {machine.Nics.Length} NICs; {brand} has places for {profile.MostNics}"
            : profile.DiskModels.FirstOrDefault(model => model.Value.BuiltIn is { } places && machine.Disks.Count(d => d.Model == model.Key && !d.IsMedia) > places.Count).Key is { } full
                ? $"has more disks of model {full} than there are places for ({profile.DiskModels[full].BuiltIn!.Count})"
            : profile.DiskModels.FirstOrDefault(model => model.Value.BuiltIn is not null && machine.Disks.Count(d => d.Model == model.Key && d.IsMedia) > model.Value.BuiltInCdrom.Count).Key is { } drives
                ? $"has more drives with media of model {drives} than there are places for ({profile.DiskModels[drives].BuiltInCdrom.Count})"
            : null;
    }

    private static MachineDisk Disk(ZoneDevice device, ZoneConfig zone) => new(device.Match, Attr(device, "model") ?? zone.Attr(ZoneAttrNames.DiskDriver) ?? "virtio")
    {
        Boots = Attr(device, "boot") is "true" or "1",
        IsMedia = Attr(device, "media") == "cdrom",
        NoTrim = Attr(device, "notrim") is "true" or "1",
        Slot = PciSlot.TryParse(Attr(device, "pci-slot") ?? "", out var slot) ? slot : null,
        Sectors = SectorSizes.TryParse(Attr(device, "guest-block-size") ?? "", out var sectors) ? sectors : null,
        Serial = Uuid.TryParse(Attr(device, "uuid") ?? "", out var uuid) ? uuid.ToString().Replace("-", "", StringComparison.Ordinal)[..SerialLength] : null,
    };

    /// <summary>What a virtio disk has room for.</summary>
    private const int SerialLength = 20;

    private static string? Attr(ZoneDevice device, string name) =>
        device.NetAttrs.Where(pair => pair.Key == name).Select(pair => pair.Value).FirstOrDefault();

    private static long? Number(ZoneConfig zone, string name) =>
        long.TryParse(zone.Attr(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
