namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: metadata and labels.</summary>
    private static Property[] Labels =>
    [
        new("customer_metadata", PropertyType.Map, All, CreateReceive, Acts, "{}",
            Json("metadata.json", "customer_metadata"),
            "guest-readable and guest-writable key/value map"),
        new("internal_metadata", PropertyType.Map, All, CreateReceive, Acts, "{}",
            Json("metadata.json", "internal_metadata"),
            "operator-only map; guest reads only via *_pw or listed namespaces"),
        new("internal_metadata_namespaces", PropertyType.List, All, CreateReceiveUpdate, Acts, "[]",
            Attr("internal-metadata-namespaces"),
            "prefixes (ns:) served from internal_metadata, read-only to guest"),
        new("tags", PropertyType.Map, All, CreateReceive, Acts, "{}", Json("tags.json"),
            "labels; string/number/boolean values; usable in filters and fwadm"),
        new("mdata_exec_timeout", PropertyType.Integer, Os, Create, Acts, "300", null,
            "seconds for first user-script run; 0 unlimited; lost on reprovision", Max: 365 * 86_400),
    ];
}
