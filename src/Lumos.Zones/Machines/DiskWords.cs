using System.Globalization;

namespace Lumos.Zones.Machines;

/// <summary>The words of QEMU's command line that are of disks.</summary>
internal static class DiskWords
{
    /// <summary>What stands at the head of a device none of whose functions is its first: a source of random numbers, which every guest knows.</summary>
    private const string Filler = "virtio-rng-pci";

    /// <summary>A guest whose disk has no room any more stands still and goes on where it was, where one that got the error would have lost a write.</summary>
    private const string OnError = ",werror=stop,rerror=report";

    /// <summary>What QEMU's block layer calls the disk that stands at a place of the list.</summary>
    internal static string Node(int n) => Text($"disk{n}");

    internal static void Add(QemuCommand.Line line, MachineSpec machine)
    {
        var places = DiskPlaces.Of(machine.Profile, machine.Disks);
        int disks = 0, drives = 0;
        for (int n = 0; n < machine.Disks.Length; n++)
        {
            var disk = machine.Disks[n];
            var model = machine.Profile.DiskModels[disk.Model];
            string place = places[n] is { } slot ? QemuCommand.Place(machine.Profile, slot) : disk.IsMedia ? model.BuiltInCdrom[drives++] : model.BuiltIn![disks++];
            AddDisk(line, machine, n, model, place);
        }
        foreach (int device in DiskPlaces.Headless(places))
        {
            line.Add("-device", $"{Filler},{QemuCommand.Place(machine.Profile, new(device, 0))}");
        }
    }

    private static void AddDisk(QemuCommand.Line line, MachineSpec machine, int n, DiskModel model, string place)
    {
        var disk = machine.Disks[n];
        string serial = $",serial={disk.Serial ?? Node(n)}", order = QemuCommand.Order(machine.BootIndexOfDisk(n));
        string sectors = disk.Sectors is { } sizes ? Text($",logical_block_size={sizes.Logical},physical_block_size={sizes.Physical}") : "";
        string file = line.OpenAsName(new MachineFile.Disk(disk));
        line.Add("-blockdev", $"driver={(disk.IsFile ? "file" : "host_device")},filename={file},node-name={Node(n)},"
            + (disk.IsMedia || disk.IsReadOnly ? "read-only=on" : disk.NoTrim ? "discard=ignore" : "discard=unmap"));
        if (model.Controller is { } controller)
        {
            line.Add("-device", Text($"{controller},id=controller{n},{place}"));
            place = Text($"bus=controller{n}{model.Bus}");
        }
        line.Add("-device", Text(
            $"{(disk.IsMedia ? model.Cdrom : model.Device)},drive={Node(n)},id=drive{n},{place}{serial}{sectors}{(disk is { NoTrim: true, IsMedia: false } ? model.NoTrim : "")}{order}")
            + (model.StopsOnErrors && !disk.IsMedia ? OnError : ""));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
