namespace Lumos.Zones.Bundle;

/// <summary>
/// fs_allowed: which types of file systems root in a zone may mount. The kernel decides it by itself: of some types it holds that the root
/// of any user namespace may, of all others that only the machine's may, and no list can move that. What a list does move is
/// in <see cref="SecurityProfile.DevicesOf"/>: a type that needs a device gets it.
/// </summary>
public static class MountableTypes
{
    /// <summary>Can be mounted inside; zfs and fuse where the zone has a dataset or the device.</summary>
    public static IReadOnlySet<string> Possible { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "bind", "cgroup2", "devpts", "fuse", "lofs", "mqueue", "overlay", "proc", "ramfs", "sysfs", "tmpfs", "zfs",
    };
}
