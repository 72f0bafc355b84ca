using Lumos.Zones.Config;

namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: who a VM is and how it lives.</summary>
    private static Property[] Identity =>
    [
        new("uuid", PropertyType.Uuid, All, CreateReceive, Acts, null, null,
            "identity; may be chosen at create", Column: new("UUID", 36)),
        new("alias", PropertyType.String, All, CreateReceiveUpdate, Acts, null, Attr("alias", base64: true),
            "friendly name; not unique; stored base64 in zone XML", Column: new("ALIAS", 10)),
        new("hostname", PropertyType.String, All, CreateReceiveUpdate, Acts, SameAsUuid, Attr("hostname"),
            "name for guest; on OS brands only used at first setup", Column: new("HOSTNAME", 32)),
        new("zonename", PropertyType.String, All, CreateReceive, Acts, SameAsUuid, Zone("name"),
            "custom zone name; other than uuid is fragile", Column: new("ZONENAME", 12)),
        new("brand", PropertyType.String, All, CreateReceive, Acts, "joyent", Zone("brand"),
            "fixed at create; chooses the whole rule set", Column: new("BRAND", 14), Required: Os),
        new("image_uuid", PropertyType.Uuid, All, CreateReceive, Acts, null, Attr("dataset-uuid"),
            "image to clone for the zone root (OS/LX); required there", Column: new("IMAGE_UUID", 36), Required: Os),
        new("dataset_uuid", PropertyType.Uuid, Os, CreateReceive, Acts, null, null, "old spelling of image_uuid"),
        new("zone_dataset_uuid", PropertyType.Uuid, Hvm, CreateReceive, AcceptedNotYet, null, null,
            "image for an HVM zone root (rare)"),
        new("owner_uuid", PropertyType.Uuid, All, CreateReceiveUpdate, Acts, ZeroUuid, Attr("owner-uuid"),
            "owner; scopes fwadm tag rules", Column: new("OWNER_UUID", 36)),
        new("billing_id", PropertyType.Uuid, All, CreateReceiveUpdate, Acts, ZeroUuid, Attr("billing-id"),
            "opaque billing reference", Column: new("BILLING_ID", 36)),
        new("package_name", PropertyType.String, NotBhyve, CreateReceiveUpdate, Acts, null, Attr("package-name"),
            "label only", Column: new("PACKAGE_NAME", 32)),
        new("package_version", PropertyType.String, NotBhyve, CreateReceiveUpdate, Acts, null, Attr("package-version"),
            "label only", Column: new("PACKAGE_VER", 11)),
        new("autoboot", PropertyType.Boolean, All, CreateReceiveUpdate, Acts, "true", Zone("autoboot"),
            "start at host boot; start sets true, stop sets false", Column: new("AUTOBOOT", 8)),
        new("boot_priority", PropertyType.Integer, All, CreateReceiveUpdate, Acts, "0", Attr(ZoneConfigMapping.BootPriority),
            "at host boot the higher boot first, at host shutdown they stop last (not in SmartOS)", Column: new("BOOT_PRIORITY", 13), Min: -1000, Max: 1000),
        new("boot_delay", PropertyType.Integer, All, CreateReceiveUpdate, Acts, "0", Attr(ZoneConfigMapping.BootDelay),
            "seconds after this VM's boot until VMs of a lower boot_priority boot (not in SmartOS)", Column: new("BOOT_DELAY", 10), Max: 3600),
        new("nowait", PropertyType.Boolean, Os, CreateReceive, Acts, "false", null,
            "create returns before zoneinit finishes"),
        new("create_only", PropertyType.Boolean, All, Receive, Acts, "false", null,
            "(receive) configure but do not install: what receive always does, install being a command of its own"),
        new("archive_on_delete", PropertyType.Boolean, All, CreateReceiveUpdate, Acts, "false", Attr("archive-on-delete"),
            "on delete, keep configuration, cores and logs under /zones/archive/UUID"),
        new("do_not_inventory", PropertyType.Boolean, All, CreateReceiveUpdate, Acts, "false", Attr("do-not-inventory"),
            "hide VM from upstream controller inventory", Column: new("DNI", 5)),
        new("indestructible_zoneroot", PropertyType.Boolean, All, CreateReceiveUpdate, Acts, "false", Attr(ZoneAttrNames.IndestructibleRoot),
            "delete and reprovision are refused while this is true", Column: new("INDESTR_ROOT", 12)),
        new("indestructible_delegated", PropertyType.Boolean, All, CreateReceiveUpdate, Acts, "false", Attr(ZoneAttrNames.IndestructibleDelegated),
            "delete is refused while this is true, for the sake of the delegated dataset", Column: new("INDESTR_DATA", 12)),
        new("v", PropertyType.Integer, All, Receive, AcceptedNotYet, "1", Attr("vm-version"), "config version"),
    ];
}
