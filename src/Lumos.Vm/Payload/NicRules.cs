using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Payload;

/// <summary>The rules of NICs: ip, netmask and ips say one thing, so do gateway and gateways; names, addresses and the primary one are filled in.</summary>
public static class NicRules
{
    /// <summary>Addresses a NIC may have (SmartOS's anti-spoof table holds no more).</summary>
    public const int MaxIps = 20;

    /// <summary>Bytes of an interface's name, the kernel's limit.</summary>
    private const int MaxInterfaceName = 15;

    /// <summary>A new NIC, complete, in the order get prints.</summary>
    public static JsonObject Complete(
        JsonObject given, IEnumerable<JsonObject> others, string brand, IIdentities ids, PayloadReport report)
    {
        var nic = (JsonObject)given.DeepClone();
        SettleName(nic, others, brand);
        if (others.Any(n => JsonText.Plain(n["interface"]) == JsonText.Plain(nic["interface"])))
        {
            report.AddBadValue("nics.*.interface", $"\"{JsonText.Plain(nic["interface"])}\" is given to two NICs");
        }
        nic["mac"] ??= ids.NewMac().ToString();
        Settle(nic, report);
        if (MacAddress.TryParse(JsonText.Plain(given["mac"]), out var mac) && mac.ToString() is var wanted && wanted != JsonText.Plain(nic["mac"]))
        {
            report.Adjust("nics.*.mac", wanted, JsonText.Plain(nic["mac"]), "vrrp_vrid says which it is");
        }
        return Ordered(nic);
    }

    /// <summary>A NIC without a name takes the lowest that is free.</summary>
    public static void SettleName(JsonObject nic, IEnumerable<JsonObject> others, string brand)
    {
        if (nic["interface"] is null)
        {
            var taken = others.Select(n => JsonText.Plain(n["interface"])).ToHashSet(StringComparer.Ordinal);
            string prefix = BrandTable.InterfacePrefix(brand);
            nic["interface"] = Enumerable.Range(0, int.MaxValue).Select(i => $"{prefix}{i}").First(name => !taken.Contains(name));
        }
    }

    /// <summary>Brings mac, ip/netmask/ips and gateway/gateways of one NIC to one form and checks them.</summary>
    public static void Settle(JsonObject nic, PayloadReport report)
    {
        string name = JsonText.Plain(nic["interface"]);
        if (!IsInterfaceName(name))
        {
            report.AddBadValue("nics.*.interface",
                $"\"{name}\" is not a link name (letters then a number, {MaxInterfaceName} characters at most, such as net0)");
        }
        if (nic["nic_tag"] is null)
        {
            report.AddMissing("nics.*.nic_tag");
        }
        NicProtection.SettleVrrp(nic);
        string mac = JsonText.Plain(nic["mac"]);
        if (!MacAddress.TryParse(mac, out var address) || address.IsMulticast || address.ToBytes().All(b => b == 0))
        {
            report.AddBadValue("nics.*.mac", $"\"{mac}\" is not a unicast MAC address");
        }
        else
        {
            nic["mac"] = address.ToString();
        }
        SettleIps(nic, report);
        SettleGateways(nic, report);
        NicProtection.Check(nic, report);
        foreach (string field in (string[])["vlan_id", "mtu"])
        {
            if (PropertyValue.TryInteger(nic[field], out long number) && number == 0)
            {
                nic.Remove(field);
            }
        }
    }

    /// <summary>Exactly one NIC is primary: the one given, else the one that was, else the first; once a primary was removed, the best.</summary>
    /// <param name="nics">The NICs; changed.</param>
    /// <param name="wanted">At update: MAC of the NIC that was made primary.</param>
    /// <param name="promote">No primary is left after a removal: choose by address.</param>
    /// <param name="report">Gets the fault of two primaries.</param>
    public static void SettlePrimary(JsonArray nics, string? wanted, bool promote, PayloadReport report)
    {
        var list = nics.OfType<JsonObject>().ToList();
        var primaries = list.Where(IsPrimary).ToList();
        if (wanted is null && primaries.Count > 1)
        {
            report.AddBadValue("nics.*.primary", "is true of more than one NIC");
            return;
        }
        var chosen = wanted is null ? primaries.FirstOrDefault() : list.Find(n => JsonText.Plain(n["mac"]) == wanted);
        if (chosen is null && promote)
        {
            // A NIC that the world can reach is the better guess at where the default route goes; else the lowest one.
            var byName = list.OrderBy(n => JsonText.Plain(n["interface"]), InterfaceOrder.Instance).ToList();
            chosen = byName.Find(IsPublic) ?? byName.FirstOrDefault();
        }
        chosen ??= list.FirstOrDefault();
        foreach (var nic in list)
        {
            nic.Remove("primary");
            if (nic == chosen)
            {
                nic["primary"] = true;
            }
        }
    }

    /// <summary>Fields in the order get prints them.</summary>
    public static JsonObject Ordered(JsonObject nic)
    {
        var result = new JsonObject();
        foreach (string name in (string[])["interface", "mac", "vlan_id", "nic_tag", "gateway", "gateways", "netmask", "ip", "ips"])
        {
            if (nic[name] is { } value)
            {
                result[name] = value.DeepClone();
            }
        }
        foreach (var (name, value) in nic)
        {
            if (!result.ContainsKey(name) && value is not null && !(name == "primary" && !IsPrimary(nic)))
            {
                result[name] = value.DeepClone();
            }
        }
        return result;
    }

    public static bool IsPrimary(JsonObject nic) => nic["primary"] is JsonValue v && v.TryGetValue(out bool flag) && flag;

    private static bool IsPublic(JsonObject nic) =>
        (nic["ips"] as JsonArray)?.Select(JsonText.Plain).Any(text =>
            IpNet.TryParse(text, out var net) && !net.IsV6 && !IsPrivate(net.Address)) == true;

    private static bool IsPrivate(IPAddress address)
    {
        byte[] b = address.GetAddressBytes();
        return b[0] == 10 || (b[0] == 172 && b[1] is >= 16 and < 32) || (b[0] == 192 && b[1] == 168)
            || (b[0] == 169 && b[1] == 254);
    }

    private static void SettleIps(JsonObject nic, PayloadReport report)
    {
        var ips = (nic["ips"] as JsonArray)?.Select(JsonText.Plain).ToList();
        string? ip = nic["ip"] is { } given ? JsonText.Plain(given) : null, netmask = nic["netmask"] is { } m ? JsonText.Plain(m) : null;
        if (ips is null or { Count: 0 })
        {
            ips = ip switch
            {
                null => [],
                "dhcp" or "addrconf" => [ip],
                _ when ip.Contains('/') => [ip],
                _ when netmask is null && ip.Contains('.') => Fault("nics.*.netmask", $"is needed with ip {ip}"),
                _ when IpNet.TryFromNetmask(ip, netmask, out var net) => [net.ToString()],
                _ => Fault("nics.*.ip", $"{ip} with netmask {netmask} is not an IPv4 address"),
            };
        }
        else if (ip is not null && !ips.Any(each => each == ip || each.StartsWith(ip + "/", StringComparison.Ordinal)))
        {
            report.AddBadValue("nics.*.ip", $"{ip} is not one of ips ({string.Join(", ", ips)})");
        }
        foreach (string each in ips)
        {
            if (each is not ("dhcp" or "addrconf") && !(each.Contains('/') && IpNet.TryParse(each, out _)))
            {
                report.AddBadValue("nics.*.ips", $"\"{each}\" is neither an address with a prefix length nor dhcp nor addrconf");
            }
            else if (IpNet.TryParse(each, out var net) && !IpNet.CanBeOfALink(net.Address))
            {
                report.AddBadValue("nics.*.ip", $"{net.Address} is no address that a NIC can have");
            }
        }
        if (ips.Count > MaxIps)
        {
            report.AddBadValue("nics.*.ips", $"holds {ips.Count} addresses; {MaxIps} is the most");
        }
        foreach (string name in (string[])["ip", "netmask", "ips"])
        {
            nic.Remove(name);
        }
        if (ips.Count == 0)
        {
            if (netmask is not null && ip is null)
            {
                report.AddLoss("nics.*.netmask", $"nics.*.netmask {netmask} is left out: the NIC has no address");
            }
            return;
        }
        var array = new JsonArray();
        foreach (string each in ips.Distinct())
        {
            array.Add((JsonNode)(IpNet.TryParse(each, out var net) ? net.ToString() : each));
        }
        nic["ips"] = array;
        if (IpNet.TryParse(ips[0], out var first))
        {
            nic["ip"] = first.Address.ToString();
            if (!first.IsV6)
            {
                nic["netmask"] = first.Netmask;
            }
        }
        else
        {
            nic["ip"] = ips[0];
        }
        TellOfMirrors(nic, ip, netmask, ips[0], report);

        List<string> Fault(string name, string why)
        {
            report.AddBadValue(name, why);
            return [];
        }
    }

    /// <summary>ip and netmask say of the first of ips what that says itself: where they say something else it counts, as in SmartOS.</summary>
    private static void TellOfMirrors(JsonObject nic, string? ip, string? netmask, string first, PayloadReport report)
    {
        string address = JsonText.Plain(nic["ip"]);
        if (ip is not null && (IpNet.TryParse(ip, out var given) ? given.Address.ToString() : ip) != address)
        {
            report.Adjust("nics.*.ip", ip, address, "it is the first of ips, which are given too");
        }
        if (netmask is null)
        {
            return;
        }
        if (nic["netmask"] is not { } used)
        {
            report.AddLoss("nics.*.netmask", $"nics.*.netmask {netmask} is left out: {first} has none");
        }
        else if (!IpNet.TryPrefixOfNetmask(netmask, out int prefix) || !IpNet.TryPrefixOfNetmask(JsonText.Plain(used), out int own) || prefix != own)
        {
            report.Adjust("nics.*.netmask", netmask, JsonText.Plain(used), $"it is that of {first}");
        }
    }

    private static void SettleGateways(JsonObject nic, PayloadReport report)
    {
        var gateways = (nic["gateways"] as JsonArray)?.Select(JsonText.Plain).ToList() ?? [];
        string? single = nic["gateway"] is { } one ? JsonText.Plain(one) : null;
        if (gateways.Count == 0 && single is not null)
        {
            gateways = [single];
        }
        else if (single is not null && single != gateways[0])
        {
            report.Adjust("nics.*.gateway", single, gateways[0], "it is the first of gateways, which are given too");
        }
        nic.Remove("gateway");
        nic.Remove("gateways");
        foreach (string gateway in gateways)
        {
            if (!IpNet.TryParseAddress(gateway, out var address) || address.AddressFamily != AddressFamily.InterNetwork)
            {
                report.AddBadValue("nics.*.gateways", $"\"{gateway}\" is not an IPv4 address");
            }
            else if ((nic["ips"] as JsonArray)?.Any(ip => IpNet.TryParse(JsonText.Plain(ip), out var own) && own.Address.Equals(address)) == true)
            {
                report.AddBadValue("nics.*.gateways", $"{gateway} is the NIC's own address");
            }
        }
        if (gateways.Count > 0)
        {
            nic["gateway"] = gateways[0];
            var array = new JsonArray();
            foreach (string gateway in gateways.Distinct())
            {
                array.Add((JsonNode)gateway);
            }
            nic["gateways"] = array;
        }
    }

    private static bool IsInterfaceName(string name)
    {
        int letters = name.TakeWhile(c => c is >= 'a' and <= 'z').Count();
        return letters > 0 && letters < name.Length && name.Length <= MaxInterfaceName && name[letters..].All(char.IsAsciiDigit)
            && !name.StartsWith("lo", StringComparison.Ordinal);
    }

    /// <summary>net2 before net10.</summary>
    private sealed class InterfaceOrder : IComparer<string>
    {
        public static readonly InterfaceOrder Instance = new();

        public int Compare(string? x, string? y) => (x?.Length ?? 0) != (y?.Length ?? 0)
            ? (x?.Length ?? 0).CompareTo(y?.Length ?? 0)
            : string.CompareOrdinal(x, y);
    }
}
