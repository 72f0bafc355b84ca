using System.Collections.Immutable;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Bundle;
using Lumos.Zones.Docker;
using Lumos.Zones.Machines;

namespace Lumos.Zones;

/// <summary>
/// All that the runtime needs to boot a zone, settled: what is null here has no limit. Made from the configuration by
/// <see cref="ZoneSpecReader"/>; nothing after it looks at a configuration again.
/// </summary>
public sealed record ZoneSpec
{
    public required ZoneName Name { get; init; }

    public required ZoneBrand Brand { get; init; }

    /// <summary>The zone's stable number on this machine; its range of user ids follows from it.</summary>
    public required int ZoneDid { get; init; }

    /// <summary>/POOL/UUID: holds root/, config/, logs/.</summary>
    public required string ZonePath { get; init; }

    public required string Hostname { get; init; }

    /// <summary>Percent of one CPU.</summary>
    public int? CpuCap { get; init; }

    /// <summary>Fair-share weight, 1 to 65535, against the other zones'.</summary>
    public int? CpuShares { get; init; }

    /// <summary>Bytes of memory.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Bytes of memory and swap together, as SmartOS's max_swap.</summary>
    public long? SwapBytes { get; init; }

    /// <summary>Bytes that may be locked.</summary>
    public long? LockedBytes { get; init; }

    /// <summary>Threads.</summary>
    public int? MaxLwps { get; init; }

    /// <summary>Weight of its I/O against the other zones', as SmartOS's zfs_io_priority; null: an ordinary one.</summary>
    public int? IoPriority { get; init; }

    /// <summary>Limits of System V IPC.</summary>
    public ZoneIpc Ipc { get; init; } = new();

    /// <summary>What root may do inside, as Linux capabilities.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [.. SecurityProfile.Capabilities];

    /// <summary>Types of file systems that may be mounted inside beside those that always can (fs_allowed).</summary>
    public ImmutableArray<string> FsAllowed { get; init; } = [];

    /// <summary>Size of the zone's /tmp in bytes; 0: /tmp is a plain directory; null: bounded by memory alone.</summary>
    public long? TmpfsBytes { get; init; }

    public ImmutableArray<ZoneNic> Nics { get; init; } = [];

    /// <summary>Static routes: destination (CIDR) to gateway address.</summary>
    public ImmutableArray<ZoneRoute> Routes { get; init; } = [];

    public ImmutableArray<string> Resolvers { get; init; } = [];

    public string? DnsDomain { get; init; }

    /// <summary>The resolvers are written into the zone at each boot, not by the zone itself.</summary>
    public bool MaintainResolvers { get; init; }

    /// <summary>Host paths shown inside.</summary>
    public ImmutableArray<ZoneMount> Mounts { get; init; } = [];

    /// <summary>Datasets that root inside may do with as it likes.</summary>
    public ImmutableArray<DatasetName> Datasets { get; init; } = [];

    /// <summary>The first program and its words; empty: the brand's own.</summary>
    public ImmutableArray<string> Init { get; init; } = [];

    /// <summary>What it runs in place of an init; null: it has one.</summary>
    public DockerZone? Docker { get; init; }

    /// <summary>The machine that its init, QEMU, is; null: it is none.</summary>
    public MachineSpec? Machine { get; init; }

    /// <summary>Variables of init beside the ones every zone has.</summary>
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What uname tells inside as the kernel's release; null: the truth.</summary>
    public string? KernelVersion { get; init; }

    /// <summary>The restarts of init that led to this boot; none when somebody asked for it.</summary>
    public ZoneRestarts Restarts { get; init; } = ZoneRestarts.None;

    /// <summary>Bytes after which the console's log is started anew.</summary>
    public long ConsoleLogBytes { get; init; } = 1 << 20;

    public string RootPath => Path.Combine(ZonePath, "root");

    public string ConfigPath => Path.Combine(ZonePath, "config");

    public string LogPath => Path.Combine(ZonePath, "logs");

    /// <summary>Ids in a zone's range.</summary>
    public const int IdCount = 65536;

    /// <summary>The id outside that root (0) has inside.</summary>
    public uint FirstId => FirstIdOf(ZoneDid);

    public static uint FirstIdOf(int zoneDid) => checked((uint)(IdCount * (1L + zoneDid)));
}

/// <summary>A network card of a zone.</summary>
public sealed record ZoneNic
{
    /// <summary>Its name inside: net0, eth0.</summary>
    public required string Interface { get; init; }

    /// <summary>Six bytes as aa:bb:cc:dd:ee:ff.</summary>
    public required string Mac { get; init; }

    /// <summary>The bridge it sits on.</summary>
    public required string NicTag { get; init; }

    /// <summary>802.1Q tag; 0: none.</summary>
    public int VlanId { get; init; }

    public int? Mtu { get; init; }

    /// <summary>CIDR addresses, <c>dhcp</c> or <c>addrconf</c>.</summary>
    public ImmutableArray<string> Ips { get; init; } = [];

    /// <summary>IPv4 gateways; the default route follows the first of the primary NIC.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    public bool Primary { get; init; }

    public bool UsesDhcp => Ips.Contains("dhcp");

    public bool UsesAutoconf => Ips.Contains("addrconf");
}

/// <summary>A static route: where to (CIDR) and through which address.</summary>
public sealed record ZoneRoute(string Destination, string Gateway);

/// <summary>Limits of System V IPC; SmartOS's where nothing is set.</summary>
/// <param name="SharedBytes">Of all shared memory together; null: bounded by the zone's memory alone.</param>
/// <param name="SharedIds">Segments.</param>
/// <param name="SemaphoreIds">Sets of semaphores.</param>
/// <param name="MessageIds">Message queues.</param>
public sealed record ZoneIpc(long? SharedBytes = null, int SharedIds = 4096, int SemaphoreIds = 4096, int MessageIds = 4096);

/// <summary>A file system mounted in the zone by its configuration.</summary>
/// <param name="Source">lofs: an absolute path in the global zone; tmpfs: of no meaning.</param>
/// <param name="Target">Absolute path in the zone.</param>
/// <param name="Type">lofs (a path of the global zone, shown inside) or tmpfs.</param>
/// <param name="Options">In illumos's words; <see cref="MountOptions"/> knows them.</param>
public sealed record ZoneMount(string Source, string Target, string Type, ImmutableArray<string> Options);
