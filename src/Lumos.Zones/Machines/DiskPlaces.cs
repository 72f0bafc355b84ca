using System.Collections.Immutable;

namespace Lumos.Zones.Machines;

/// <summary>
/// The places of a machine's disks. One that names its place has it; of the others the one that boots has the profile's first, drives with media have
/// a device of their own, and the rest follow each other. Pure.
/// </summary>
public static class DiskPlaces
{
    /// <summary>In the order of the disks; null: on the chip set's own controller, or there is no place left.</summary>
    public static ImmutableArray<PciSlot?> Of(MachineProfile profile, ImmutableArray<MachineDisk> disks)
    {
        var taken = disks.Where(disk => disk.Slot is not null).Select(disk => disk.Slot!.Value).ToHashSet();
        var places = ImmutableArray.CreateBuilder<PciSlot?>(disks.Length);
        foreach (var disk in disks)
        {
            var place = disk.Slot ?? (IsBuiltIn(profile, disk) ? null : Free(profile, disk, taken));
            if (place is { } slot)
            {
                taken.Add(slot);
            }
            places.Add(place);
        }
        return places.MoveToImmutable();
    }

    /// <summary>It has its place on the chip set's controller.</summary>
    public static bool IsBuiltIn(MachineProfile profile, MachineDisk disk) => profile.DiskModels.GetValueOrDefault(disk.Model)?.BuiltIn is not null;

    /// <summary>A place nobody has, for a disk that does not say; null: there is none left.</summary>
    private static PciSlot? Free(MachineProfile profile, MachineDisk disk, HashSet<PciSlot> taken)
    {
        if (disk is { Boots: true, IsMedia: false } && !taken.Contains(profile.BootDisk))
        {
            return profile.BootDisk;
        }
        var (first, count) = disk.IsMedia ? (profile.FirstCdrom, PciSlot.Functions) : (profile.FirstDisk, profile.MostDisks - 1);
        return Enumerable.Range(0, count).Select(n => (PciSlot?)first.After(n)).FirstOrDefault(slot => !taken.Contains(slot!.Value));
    }

    /// <summary>What stands against the places, as the end of a sentence; null: nothing.</summary>
    internal static string? Fault(MachineSpec machine)
    {
        var profile = machine.Profile;
        var places = Of(profile, machine.Disks);
        var nics = Enumerable.Range(0, machine.Nics.Length).Select(profile.FirstNic.After).ToHashSet();
        var owners = new Dictionary<PciSlot, string>();
        for (int n = 0; n < places.Length; n++)
        {
            var disk = machine.Disks[n];
            if (places[n] is not { } slot)
            {
                if (!IsBuiltIn(profile, disk))
                {
                    int count = machine.Disks.Count(d => d.IsMedia == disk.IsMedia);
                    return disk.IsMedia ? $"has {count} drives with media; brand {profile.Name} has places for {PciSlot.Functions}"
                        : $"has {count} disks; brand {profile.Name} has places for {profile.MostDisks}";
                }
                continue;
            }
            if (profile.Reserved.Contains(slot.Device) || nics.Contains(slot))
            {
                return $"disk {disk.Path} has pci_slot {slot.Text}, which is not a disk's: devices {string.Join(", ", profile.Reserved.Order())} are the machine's own"
                    + (nics.Contains(slot) ? $", and this one is a NIC's" : "");
            }
            if (!owners.TryAdd(slot, disk.Path))
            {
                return $"disks {owners[slot]} and {disk.Path} both have pci_slot {slot.Text}: give one of them another";
            }
        }
        return null;
    }

    /// <summary>
    /// Devices that have functions and not the first, without which a guest looks for no other of them: those whose first has to be filled.
    /// </summary>
    internal static IEnumerable<int> Headless(IEnumerable<PciSlot?> places) => places.OfType<PciSlot>().GroupBy(slot => slot.Device)
        .Where(device => device.All(slot => slot.Function != 0)).Select(device => device.Key).Order();
}
