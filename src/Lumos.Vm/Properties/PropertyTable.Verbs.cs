namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: what only update knows.</summary>
    private static Property[] Verbs =>
    [
        new("add_nics", PropertyType.Objects, All, Update, Acts, null, null, "array; applies at next boot"),
        new("update_nics", PropertyType.Objects, All, Update, Acts, null, null,
            "array keyed by MAC (interface alone does nothing)"),
        new("remove_nics", PropertyType.List, All, Update, Acts, null, null, "array of MACs"),
        new("add_disks", PropertyType.Objects, Hvm, Update, Acts, null, null, "array; VM must be stopped"),
        new("update_disks", PropertyType.Objects, Hvm, Update, Acts, null, null, "array keyed by path"),
        new("remove_disks", PropertyType.List, Hvm, Update, Acts, null, null,
            "array of paths; VM stopped; destroys the zvol"),
        new("add_filesystems", PropertyType.Objects, NotBhyve, Update, Acts, null, null,
            "array; applies at next boot"),
        new("update_filesystems", PropertyType.Objects, NotBhyve, Update, Acts, null, null,
            "array keyed by target"),
        new("remove_filesystems", PropertyType.List, All, Update, Acts, null, null, "array of targets"),
        new("add_pci_devices", PropertyType.Objects, Bhyve, CreateReceiveUpdate, AcceptedNotYet, null, null,
            "array; VM must be stopped"),
        new("update_pci_devices", PropertyType.Objects, Bhyve, Update, AcceptedNotYet, null, null,
            "array keyed by path"),
        new("remove_pci_devices", PropertyType.List, Bhyve, Update, AcceptedNotYet, null, null,
            "array of paths; VM stopped"),
        new("set_tags", PropertyType.Map, All, Update, Acts, null, null, "merge map"),
        new("remove_tags", PropertyType.List, All, Update, Acts, null, null, "array of keys"),
        new("set_customer_metadata", PropertyType.Map, All, Update, Acts, null, null, "merge map"),
        new("remove_customer_metadata", PropertyType.List, All, Update, Acts, null, null, "array of keys"),
        new("set_internal_metadata", PropertyType.Map, All, Update, Acts, null, null, "merge map"),
        new("remove_internal_metadata", PropertyType.List, All, Update, Acts, null, null, "array of keys"),
        new("set_routes", PropertyType.Map, All, Update, Acts, null, null, "merge map"),
        new("remove_routes", PropertyType.List, All, Update, Acts, null, null, "array of destinations"),
    ];
}
