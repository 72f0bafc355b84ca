using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Payload;

/// <summary>What a NIC may send: addresses beyond its own, DHCP clients, ports, VRRP. Checked and kept here; nothing enforces it yet.</summary>
public static class NicProtection
{
    /// <summary>SmartOS's limits: of allowed_ips, of those and ips together, of allowed_dhcp_cids.</summary>
    public const int MostAllowedIps = 13, MostAddresses = 32, MostClientIds = 20;

    /// <summary>A NIC with a VRRP id has the MAC address that the protocol gives the id.</summary>
    public static void SettleVrrp(JsonObject nic)
    {
        if (PropertyValue.TryInteger(nic["vrrp_vrid"], out long id) && id is >= 0 and <= 255)
        {
            nic["mac"] = string.Create(CultureInfo.InvariantCulture, $"00:00:5e:00:01:{id:x2}");
        }
    }

    public static void Check(JsonObject nic, PayloadReport report)
    {
        var allowed = Texts(nic, "allowed_ips");
        foreach (string ip in allowed.Where(ip => !IpNet.TryParse(ip, out _) && !IpNet.TryParseAddress(ip, out _)))
        {
            report.AddBadValue("nics.*.allowed_ips", $"\"{ip}\" is neither an address nor a network");
        }
        if (allowed.Count > MostAllowedIps)
        {
            report.AddBadValue("nics.*.allowed_ips", $"holds {allowed.Count} addresses; {MostAllowedIps} is the most");
        }
        else if (allowed.Count + Texts(nic, "ips").Count > MostAddresses)
        {
            report.AddBadValue("nics.*.allowed_ips", $"and ips hold more than {MostAddresses} addresses together");
        }
        var ids = Texts(nic, "allowed_dhcp_cids");
        foreach (string id in ids.Where(id => !IsClientId(id)))
        {
            report.AddBadValue("nics.*.allowed_dhcp_cids", $"\"{id}\" is not 0x and hexadecimal digits, two for each byte");
        }
        if (ids.Count > MostClientIds)
        {
            report.AddBadValue("nics.*.allowed_dhcp_cids", $"holds {ids.Count} client ids; {MostClientIds} is the most");
        }
        foreach (string port in Texts(nic, "blocked_outgoing_ports"))
        {
            if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
            {
                report.AddBadValue("nics.*.blocked_outgoing_ports", $"\"{port}\" is not a port (1 to 65535)");
            }
        }
        if (nic["vrrp_primary_ip"] is { } primary && !IpNet.TryParseAddress(JsonText.Plain(primary), out _))
        {
            report.AddBadValue("nics.*.vrrp_primary_ip", $"\"{JsonText.Plain(primary)}\" is not an address");
        }
        foreach (string name in (string[])["allowed_ips", "allowed_dhcp_cids", "blocked_outgoing_ports"])
        {
            if (nic[name] is JsonArray { Count: 0 })
            {
                nic.Remove(name);
            }
        }
    }

    private static List<string> Texts(JsonObject nic, string name) => (nic[name] as JsonArray)?.Select(JsonText.Plain).ToList() ?? [];

    private static bool IsClientId(string text) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && text.Length > 2 && text.Length % 2 == 0 && text[2..].All(char.IsAsciiHexDigit);
}
