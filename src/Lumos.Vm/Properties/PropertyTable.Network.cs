namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: network properties of the VM as a whole.</summary>
    private static Property[] Network =>
    [
        new("nics", PropertyType.Objects, All, CreateReceive, Acts, "[]", Zone("network"), "virtual NICs"),
        new("resolvers", PropertyType.List, All, CreateReceiveUpdate, Acts, "[]", Attr("resolvers"),
            "DNS servers, v4 or v6; create-time only unless maintain_resolvers"),
        new("maintain_resolvers", PropertyType.Boolean, Os, CreateReceiveUpdate, Acts, "false", Attr("maintain-resolvers"),
            "when true, resolvers are rewritten into the zone on every change"),
        new("dns_domain", PropertyType.String, Os, CreateReceiveUpdate, Acts, "local", Attr("dns-domain"),
            "search domain in resolv.conf", Column: new("DOMAIN", 32)),
        new("routes", PropertyType.Map, All, CreateReceive, Acts, "{}", Json("routes.json"),
            "static routes: dst→gw, nics[N] or macs[..] as gateway (v4 only)"),
        new("firewall_enabled", PropertyType.Boolean, All, CreateReceiveUpdate, Stored, "false",
            Attr("firewall-enabled"),
            "apply fwadm rules to this VM", Column: new("FIREWALL_ENABLED", 16)),
        new("default_gateway", PropertyType.None, All, None, Computed, null, Attr("default-gateway"),
            "legacy VM-wide gateway; read only, use nics.*.gateway"),
    ];
}
