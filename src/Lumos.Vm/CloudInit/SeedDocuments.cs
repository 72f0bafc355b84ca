using System.Text.Json.Nodes;

namespace Lumos.Vm.CloudInit;

/// <summary>
/// What cloud-init (NoCloud) is told of a VM: its documents by name, made of the VM's properties as SmartOS makes them. A document that customer_metadata has under
/// <c>cloud-init:NAME</c> stands as it is. Pure.
/// </summary>
internal static class SeedDocuments
{
    /// <summary>Where SmartOS says which source of data what is in an image knows: a tag of the image, a key of internal_metadata.</summary>
    internal const string ImageTag = "org.smartos:cloudinit_datasource", Key = "cloudinit_datasource", NoCloud = "nocloud";

    private const string Prefix = "cloud-init:";

    /// <summary>Some readers take what they find only where this document is, too.</summary>
    private const string NoUserData = "#cloud-config\n{}\n";

    /// <summary>Whether a VM is told by a volume.</summary>
    internal static bool AreWanted(VmSpec vm) => vm.IsMachine && JsonText.Plain((vm.Properties["internal_metadata"] as JsonObject)?[Key]) == NoCloud;

    /// <summary>Name and content of each, in the order of names.</summary>
    internal static IReadOnlyList<(string Name, string Content)> Of(VmSpec vm)
    {
        var own = vm.Properties["customer_metadata"] as JsonObject ?? [];
        string? Own(string name) => own[Prefix + name] is JsonValue value ? JsonText.Plain(value) : null;
        List<(string, string?)> all =
        [
            ("meta-data", Own("meta-data") ?? MetaData(vm, own)),
            ("network-config", Own("network-config") ?? NetworkConfig(vm)),
            ("user-data", Own("user-data") ?? NoUserData),
            ("vendor-data", Own("vendor-data")),
        ];
        return [.. all.Where(document => document.Item2 is not null).Select(document => (document.Item1, document.Item2!))];
    }

    private static string MetaData(VmSpec vm, JsonObject metadata)
    {
        var document = new JsonObject { ["instance-id"] = vm.Text("uuid"), ["local-hostname"] = vm.Text("hostname") ?? vm.Text("alias") ?? vm.Text("uuid") };
        string[] keys = [.. JsonText.Plain(metadata["root_authorized_keys"]).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')];
        if (keys.Length > 0)
        {
            document["public-keys"] = Texts(keys);
        }
        return YamlText.Of(document);
    }

    /// <summary>Version 2, as netplan has it; null: there is no NIC to speak of.</summary>
    private static string? NetworkConfig(VmSpec vm)
    {
        var links = new JsonObject();
        foreach (var nic in vm.Nics)
        {
            links[JsonText.Plain(nic["interface"])] = Link(nic, [.. vm.List("resolvers")]);
        }
        return links.Count == 0 ? null : YamlText.Of(new JsonObject { ["version"] = 2, ["ethernets"] = links });
    }

    private static JsonObject Link(JsonObject nic, string[] resolvers)
    {
        string[] addresses = [.. Values(nic, "ips")];
        var link = new JsonObject
        {
            ["match"] = new JsonObject { ["macaddress"] = JsonText.Plain(nic["mac"]).ToLowerInvariant() },
            ["set-name"] = JsonText.Plain(nic["interface"]),
        };
        if (addresses.Contains("dhcp"))
        {
            link["dhcp4"] = true;
        }
        if (addresses.Contains("addrconf"))
        {
            link["dhcp6"] = true;
        }
        if (addresses.Where(address => address is not ("dhcp" or "addrconf")).ToArray() is { Length: > 0 } fixedOnes)
        {
            link["addresses"] = Texts(fixedOnes);
        }
        if (JsonText.Plain(nic["mtu"]) is { Length: > 0 } mtu)
        {
            link["mtu"] = int.Parse(mtu, System.Globalization.CultureInfo.InvariantCulture);
        }
        if (JsonText.Plain(nic["primary"]) is not "true")
        {
            return link;
        }
        // Not gateway4, which netplan calls deprecated. A gateway may be outside of the NIC's networks.
        if (Values(nic, "gateways").ToArray() is { Length: > 0 } gateways)
        {
            link["routes"] = new JsonArray([.. gateways.Select(gateway =>
                (JsonNode)new JsonObject { ["to"] = gateway.Contains(':', StringComparison.Ordinal) ? "::/0" : "0.0.0.0/0", ["via"] = gateway, ["on-link"] = true })]);
        }
        if (resolvers.Length > 0)
        {
            link["nameservers"] = new JsonObject { ["addresses"] = Texts(resolvers) };
        }
        return link;
    }

    private static IEnumerable<string> Values(JsonObject nic, string name) => (nic[name] as JsonArray)?.Select(JsonText.Plain) ?? [];

    private static JsonArray Texts(string[] texts) => new([.. texts.Select(text => (JsonNode)JsonValue.Create(text))]);
}
