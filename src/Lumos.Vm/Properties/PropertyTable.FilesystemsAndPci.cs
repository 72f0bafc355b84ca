namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: of one file system or passed-through PCI device.</summary>
    private static Property[] FilesystemsAndPci =>
    [
        new("filesystems.*.options", PropertyType.List, Os, AddUpdate, Acts, "[]", null,
            "array, e.g. [\"ro\",\"nodevices\"]"),
        new("filesystems.*.raw", PropertyType.String, Os, AddUpdate, AcceptedNotYet, null, Zone("filesystem.raw"),
            "raw device for fsck types"),
        new("filesystems.*.source", PropertyType.String, Os, AddUpdate, Acts, null, Zone("filesystem.special"),
            "host path; must exist; of no meaning for tmpfs"),
        new("filesystems.*.target", PropertyType.String, Os, AddUpdate, Acts, null, Zone("filesystem.directory"),
            "path inside; key for update/remove"),
        new("filesystems.*.type", PropertyType.String, Os, AddUpdate, Acts, null, Zone("filesystem.type"),
            "lofs or tmpfs"),
        new("pci_devices.*.path", PropertyType.String, Bhyve, AddUpdate, AcceptedNotYet, null, Zone("device.match"),
            "under /devices; key"),
        new("pci_devices.*.pci_slot", PropertyType.String, Bhyve, AddUpdate, AcceptedNotYet, null, NetAttr("pci-slot"),
            "guest slot; pick explicitly"),
    ];
}
