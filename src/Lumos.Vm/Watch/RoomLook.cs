using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Watch;

/// <summary>Is there room where the disks of a machine are.</summary>
internal static class RoomLook
{
    /// <summary>Bytes that have to be free: a guest that goes on writes at once, and a pool needs some for itself.</summary>
    private const long Least = 32 << 20;

    private const string Volumes = "/dev/zvol/";

    /// <summary>True: on each of its disks. What cannot be looked at is not in the way: the guest says whether it can go on.</summary>
    internal static bool IsThere(VmHost host, ZoneName name)
    {
        try
        {
            return host.Zones.TryLoad(name) is { } config && MachineReader.Read(config) is { } machine
                && machine.Disks.Where(disk => !disk.IsMedia).All(disk => Free(host, disk) >= Least);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static long Free(VmHost host, MachineDisk disk) =>
        disk.IsFile ? new DriveInfo(Path.GetDirectoryName(disk.Path)!).AvailableFreeSpace
        : disk.Path.StartsWith(Volumes, StringComparison.Ordinal) && DatasetName.TryParse(disk.Path[Volumes.Length..], out var volume)
            ? long.Parse(host.Datasets.GetProperties(volume, "available")["available"] ?? "0", CultureInfo.InvariantCulture)
        : long.MaxValue;
}
