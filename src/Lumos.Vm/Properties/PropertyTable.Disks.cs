namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: of one disk.</summary>
    private static Property[] Disks =>
    [
        new("disks.*.block_size", PropertyType.Integer, Hvm, Add, Acts, "8192", null,
            "zvol volblocksize; not with image_uuid"),
        new("disks.*.boot", PropertyType.Boolean, Hvm, AddUpdate, Acts, "false", NetAttr("boot"),
            "one disk may boot; bhyve slot 0:4:0", Filterable: true),
        new("disks.*.compression", PropertyType.String, Hvm, AddUpdate, Acts, "off", null,
            "live-updatable"),
        new("disks.*.dangerous_allow_shrink", PropertyType.Boolean, Bhyve, Update, Acts, null, null,
            "must be true to reduce size"),
        new("disks.*.guest_block_size", PropertyType.String, Bhyve, AddUpdate, Acts, null,
            NetAttr("guest-block-size"),
            "NNN or NNN/NNN logical/physical sector"),
        new("disks.*.image_name", PropertyType.String, Kvm, AddUpdate, Ignored, null, NetAttr("image-name"),
            "old, ignored", Filterable: true),
        new("disks.*.image_size", PropertyType.Integer, Hvm, Add, Acts, null, NetAttr("image-size"),
            "MiB; must match manifest", Filterable: true),
        new("disks.*.image_uuid", PropertyType.Uuid, Hvm, Add, Acts, null, NetAttr("image-uuid"),
            "clone this zvol image", Filterable: true),
        new("disks.*.media", PropertyType.String, Hvm, AddUpdate, Acts, "disk", NetAttr("media"),
            "disk or cdrom", Filterable: true),
        new("disks.*.model", PropertyType.String, Hvm, AddUpdate, Acts, null, NetAttr("model"),
            "bhyve virtio/ahci/nvme; kvm virtio/ide/scsi", Filterable: true),
        new("disks.*.nocreate", PropertyType.Boolean, Hvm, Add, Acts, "false", null,
            "use existing path, do not create"),
        new("disks.*.notrim", PropertyType.Boolean, Bhyve, AddUpdate, Acts, "false", NetAttr("notrim"),
            "hide TRIM from guest"),
        new("disks.*.path", PropertyType.String, Hvm, AddUpdate, Acts, null, Zone("device.match"),
            "key for update/remove; HVM cdrom = file path"),
        new("disks.*.pci_slot", PropertyType.String, Bhyve, AddUpdate, Acts, null, NetAttr("pci-slot"),
            "bus:dev:func; 0,6,30,31 reserved"),
        new("disks.*.refreservation", PropertyType.Integer, Hvm, AddUpdate, Acts, null, null,
            "MiB reserved; 0 = thin; live"),
        new("disks.*.size", PropertyType.Integer, Hvm, AddUpdate, Acts, null, null,
            "MiB; grow when stopped (bhyve)", Filterable: true),
        new("disks.*.uuid", PropertyType.Uuid, Bhyve, AddUpdate, Acts, null, NetAttr("uuid"),
            "stable disk id, fixed at first start"),
        new("disks.*.zfs_filesystem", PropertyType.String, Hvm, Receive, Acts, null, null, "zvol name"),
        new("disks.*.zpool", PropertyType.String, Hvm, Add, Acts, null, null,
            "pool to create this disk in", Filterable: true),
        new("disks.*.zonexml_size", PropertyType.None, All, None, Ignored, null, NetAttr("size"),
            "old zone XML; not shown"),
    ];
}
