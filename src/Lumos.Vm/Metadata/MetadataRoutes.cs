using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Metadata;

/// <summary>
/// <c>sdc:routes</c>: a list of {linklocal, dst, gateway}. A route through a NIC (nics[N], macs[MAC]) has that NIC's own address
/// for a gateway; one through a NIC whose address is not known here is left out, as SmartOS does.
/// </summary>
internal static class MetadataRoutes
{
    internal static JsonArray Of(JsonObject vm)
    {
        var nics = (vm["nics"] as JsonArray)?.OfType<JsonObject>().ToArray() ?? [];
        var routes = new JsonArray();
        foreach (var (destination, value) in vm["routes"] as JsonObject ?? [])
        {
            string gateway = JsonText.Plain(value);
            bool throughNic = gateway.EndsWith(']') && gateway.IndexOf('[', StringComparison.Ordinal) > 0;
            if (throughNic)
            {
                gateway = Address(gateway, nics);
            }
            if (gateway.Length > 0)
            {
                routes.Add((JsonNode)new JsonObject { ["linklocal"] = throughNic, ["dst"] = destination, ["gateway"] = gateway });
            }
        }
        return routes;
    }

    private static string Address(string gateway, JsonObject[] nics)
    {
        int bracket = gateway.IndexOf('[', StringComparison.Ordinal);
        string inner = gateway[(bracket + 1)..^1];
        var nic = gateway[..bracket] switch
        {
            "nics" when int.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out int index) => nics.ElementAtOrDefault(index),
            "macs" when MacAddress.TryParse(inner, out var mac) => nics.FirstOrDefault(n => JsonText.Plain(n["mac"]) == mac.ToString()),
            _ => null,
        };
        string address = JsonText.Plain(nic?["ip"]);
        return address is "dhcp" or "addrconf" ? "" : address.Split('/')[0];
    }
}
