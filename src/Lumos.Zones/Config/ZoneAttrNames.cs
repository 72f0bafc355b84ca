namespace Lumos.Zones.Config;

/// <summary>Names of attrs and resource controls in SmartOS's zone configurations, where the runtime reads them.</summary>
public static class ZoneAttrNames
{
    public const string Hostname = "hostname";
    public const string Resolvers = "resolvers";
    public const string DnsDomain = "dns-domain";
    public const string MaintainResolvers = "maintain-resolvers";
    public const string Tmpfs = "tmpfs";
    public const string InitName = "init-name";
    public const string ConsoleLogBytes = "zlog-max-size";
    public const string KernelVersion = "kernel-version";

    public const string Ram = "ram";
    public const string Vcpus = "vcpus";
    public const string DiskDriver = "disk-driver";
    public const string NicDriver = "nic-driver";
    public const string CpuType = "cpu-type";
    public const string GuestAgent = "qga";
    public const string Bootrom = "bootrom";
    public const string Vga = "vga";

    /// <summary>Further options of QEMU's, in the order in which they are given to it.</summary>
    public const string BhyveExtraOptions = "bhyve-extra-opts", QemuOptions = "qemu-opts", QemuExtraOptions = "qemu-extra-opts";
    public const string Boot = "boot";

    /// <summary>The zone runs one program, and has no init.</summary>
    public const string Docker = "docker";

    /// <summary>Where what a docker zone prints goes, in three letters.</summary>
    public const string LogMode = "zlog-mode";

    /// <summary>The image the root was made of.</summary>
    public const string ImageUuid = "dataset-uuid";

    /// <summary>The zone is incomplete because zoneadm says so: nobody but zoneadm uninstall clears it away.</summary>
    public const string KeepIncomplete = "keep-incomplete";

    /// <summary>The zone's root is not destroyed while this is true.</summary>
    public const string IndestructibleRoot = "indestructible-zoneroot";

    /// <summary>The dataset that was delegated to the zone is not destroyed while this is true.</summary>
    public const string IndestructibleDelegated = "indestructible-delegated";

    /// <summary>Stored as base64.</summary>
    public const string Alias = "alias";

    public const string CpuCap = "zone.cpu-cap";
    public const string CpuShares = "zone.cpu-shares";
    public const string MaxLwps = "zone.max-lwps";
    public const string MaxPhysicalMemory = "zone.max-physical-memory";
    public const string MaxLockedMemory = "zone.max-locked-memory";
    public const string MaxSwap = "zone.max-swap";
    public const string MaxShmMemory = "zone.max-shm-memory";
    public const string MaxShmIds = "zone.max-shm-ids";
    public const string MaxSemIds = "zone.max-sem-ids";
    public const string MaxMsgIds = "zone.max-msg-ids";
    public const string ZfsIoPriority = "zone.zfs-io-priority";

    /// <summary>Attrs whose value is base64, so that any character may stand in it.</summary>
    public static IReadOnlySet<string> Base64 { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        Alias, "vnc-password", "qemu-opts", "qemu-extra-opts", "spice-opts", "spice-password",
    };
}
