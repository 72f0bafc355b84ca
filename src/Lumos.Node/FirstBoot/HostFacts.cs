using Lumos.Core;
using Lumos.Node.Disks;

namespace Lumos.Node.FirstBoot;

/// <summary>What the first boot knows of the machine before it changes anything.</summary>
internal sealed record HostFacts
{
    /// <summary>Its Ethernet interfaces, in the kernel's order.</summary>
    public required IReadOnlyList<HostLink> Links { get; init; }

    /// <summary>Disks that nothing uses, without removable ones.</summary>
    public required IReadOnlyList<Disk> FreeDisks { get; init; }

    /// <summary>Names of disks left out because something holds them.</summary>
    public IReadOnlyList<string> BusyDisks { get; init; } = [];

    /// <summary>Disks that hold data of somebody else's: name and what was found (ext4, zfs_member …).</summary>
    public IReadOnlyDictionary<string, string> ForeignDisks { get; init; } = new Dictionary<string, string>();

    /// <summary>Imported pools that are not ours to touch.</summary>
    public IReadOnlyList<string> ForeignPools { get; init; } = [];

    /// <summary>Pools of ours whose setting up was cut short.</summary>
    public IReadOnlyList<string> UnfinishedPools { get; init; } = [];

    /// <summary>Bytes.</summary>
    public required long Memory { get; init; }

    public string? HardwareUuid { get; init; }
}

/// <summary>An Ethernet interface.</summary>
internal sealed record HostLink(string Name, MacAddress Mac);
