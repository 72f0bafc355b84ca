namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: what is on disk.</summary>
    private static Property[] Storage =>
    [
        new("zpool", PropertyType.Pool, All, CreateReceive, Acts, "zones", null,
            "pool for the root dataset", Column: new("ZPOOL", 12)),
        new("zfs_storage_pool_name", PropertyType.Pool, NotBhyve, CreateReceive, Acts, null, null,
            "old spelling of zpool"),
        new("quota", PropertyType.Integer, All, CreateReceiveUpdate, Acts, "10", Zfs("quota"),
            "GiB refquota/quota on the root; 0 = none; live", Column: new("QUOTA", 5), Max: MostUnits),
        new("flexible_disk_size", PropertyType.Integer, Bhyve, CreateReceiveUpdate, Acts, null,
            Attr("flexible-disk-size"),
            "MiB budget shared by disks and snapshots; enables size with image_uuid and bhyve snapshots", Column: new("FLEX_DISK_SIZE", 14)),
        new("zfs_root_compression", PropertyType.String, All, CreateReceiveUpdate, Acts, "off", Zfs("compression"),
            "compression of the root dataset"),
        new("zfs_root_recsize", PropertyType.Integer, All, CreateReceiveUpdate, Acts, "131072",
            Zfs("recordsize"),
            "recordsize of the root dataset", Min: 512, Max: 131072),
        new("delegate_dataset", PropertyType.Boolean, Os, CreateReceive, Acts, "false", null,
            "also create POOL/UUID/data and hand it to the zone"),
        new("datasets", PropertyType.List, All, Receive, Acts, "[]", Zone("dataset"),
            "delegated dataset names (shown on get; input only on receive)"),
        new("zfs_data_compression", PropertyType.String, Os, CreateReceiveUpdate, Acts, "off", DataZfs("compression"),
            "compression of the delegated dataset"),
        new("zfs_data_recsize", PropertyType.Integer, Os, CreateReceiveUpdate, Acts, "131072", DataZfs("recordsize"),
            "recordsize of the delegated dataset", Min: 512, Max: 131072),
        new("zfs_snapshot_limit", PropertyType.Integer, All, CreateReceiveUpdate, Acts, null,
            Zfs("snapshot_limit"),
            "max snapshots that the zone can make"),
        new("zfs_filesystem_limit", PropertyType.Integer, All, CreateReceiveUpdate, Acts, null,
            Zfs("filesystem_limit"),
            "max child datasets; needs a delegated dataset to matter"),
        new("zfs_filesystem", PropertyType.String, All, Receive, AcceptedNotYet, null, null,
            "name of the root dataset"),
        new("fs_allowed", PropertyType.List, Os, CreateReceiveUpdate, Acts, null, Zone("fs-allowed"),
            "extra filesystem types mountable inside (fuse opens /dev/fuse); reboot needed"),
        new("filesystems", PropertyType.Objects, Os, CreateReceive, Acts, "[]", Zone("fs"),
            "host paths mounted in the zone"),
        new("disks", PropertyType.Objects, Hvm, CreateReceive, Acts, "[]", Zone("device"),
            "zvols/files given to an HVM guest"),
    ];
}
