using System.Text.Json.Nodes;
using Lumos.Drivers.Qemu;

namespace Lumos.Zones.Machines;

/// <summary>What is said to a QEMU that runs of its disks.</summary>
internal static class MachineDisks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The volume behind a disk has grown: QEMU looks at it again and tells the guest.</summary>
    /// <param name="socket">Of the zone's QEMU.</param>
    /// <param name="disk">Its place in the list that the machine was booted with.</param>
    /// <param name="bytes">As many as there are now.</param>
    internal static void Grow(string socket, int disk, long bytes)
    {
        using var qmp = QmpClient.Connect(socket, Patience);
        _ = qmp.Execute("block_resize", new JsonObject { ["node-name"] = DiskWords.Node(disk), ["size"] = bytes });
    }
}
