using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;

namespace Lumos.Network.Model;

/// <summary>
/// Turns SmartOS's keys (feature by feature: admin_*, external_*, TAG_nic, TAGn_*, etherstub, gateways, resolvers, names) into
/// a <see cref="NetworkSpec"/>. Pure. What is wrong or cannot be done yet becomes a fault of the specification, so that one
/// bad key does not take the machine off the net.
/// </summary>
public static partial class NetworkConfigReader
{
    private static readonly string[] BootKeys =
        ["admin_nic", "admin_ip", "admin_netmask", "admin_gateway", "dns_resolvers", "dns_domain", "hostname"];

    private static readonly string[] GatewayKeys =
        ["headnode_default_gateway", "admin_gateway", "boot_gateway", "external_gateway"];

    /// <summary>What the boot arguments say of the network, as a configuration.</summary>
    public static ShellConfig FromBoot(BootArguments boot) =>
        BootKeys.Where(key => boot[key] is { Length: > 0 }).Aggregate(ShellConfig.Empty, (config, key) => config.With(key, boot[key]!));

    public static NetworkSpec Read(ShellConfig config)
    {
        var faults = new List<string>();
        string admin = config.NonEmpty("admin_tag") ?? "admin";
        var tags = ReadTags(config, admin, faults);
        var addresses = new List<HostAddress>();
        if (config.NonEmpty("admin_nic") is not null || config.NonEmpty($"{admin}_nic") is not null)
        {
            AddAddress("admin", admin);
        }
        foreach (string prefix in AddressPrefixes(config))
        {
            string tag = prefix == "external" ? prefix : prefix.TrimEnd("0123456789".ToCharArray());
            AddAddress(prefix, tag);
        }
        foreach (string key in config.Keys.Where(k => k.EndsWith("_aggr", StringComparison.Ordinal)))
        {
            faults.Add($"{key}: link aggregations are not supported yet; the tags on it are left out");
        }
        var resolvers = (config.NonEmpty("dns_resolvers") ?? "")
            .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        faults.AddRange(resolvers.Where(r => !IPAddress.TryParse(r, out _)).Select(r => $"dns_resolvers: {r} is not an IP address"));
        string? hostname = config.NonEmpty("hostname");
        if (hostname is not null && !IsHostname(hostname))
        {
            faults.Add($"hostname: {hostname} is not a host name");
            hostname = null;
        }
        return new NetworkSpec
        {
            AdminTag = admin,
            Tags = tags,
            Addresses = addresses,
            Gateway = ReadGateway(config, GatewayKeys, false, faults),
            Gateway6 = ReadGateway(config, ["admin_gateway6", "external_gateway6"], true, faults),
            Resolvers = [.. resolvers.Where(r => IPAddress.TryParse(r, out _))],
            Domain = config["dns_domain"] ?? "",
            Hostname = hostname,
            Faults = faults,
        };

        void AddAddress(string prefix, string tag)
        {
            if (tags.All(t => t.Name != tag))
            {
                if (config.NonEmpty($"{tag}_nic") is null && config.NonEmpty($"{prefix}_nic") is null)
                {
                    faults.Add($"{prefix}_ip: there is no nic tag {tag} ({tag}_nic is missing)");
                }
            }
            else if (ReadAddress(config, prefix, tag, faults) is { } address)
            {
                addresses.Add(address);
            }
        }
    }

    private static List<NicTag> ReadTags(ShellConfig config, string admin, List<string> faults)
    {
        var tags = new List<NicTag>();
        foreach (string key in config.Keys.Where(k => k.EndsWith("_nic", StringComparison.Ordinal)))
        {
            string name = key == "admin_nic" ? admin : key[..^4];
            string? value = config.NonEmpty(key);
            if (value is null || tags.Any(t => t.Name == name))
            {
                continue;
            }
            if (NicTagName.Fault(name) is { } fault)
            {
                faults.Add($"{key}: the nic tag's name {fault}");
            }
            else if (!MacAddress.TryParse(value, out var mac))
            {
                faults.Add($"{key}: {value} is not a MAC address"
                    + (config[$"{value}_aggr"] is null ? "" : " (it is a link aggregation, which is not supported yet)"));
            }
            else if (tags.Find(t => t.Mac == mac) is { } other)
            {
                faults.Add($"{key}: {value} is the NIC of tag {other.Name} already; several tags on one NIC are not supported yet");
            }
            else
            {
                tags.Add(new NicTag(name, mac, ReadMtu(config, $"{(key == "admin_nic" ? "admin" : name)}_mtu", faults)));
            }
        }
        foreach (string name in Etherstubs(config))
        {
            if (NicTagName.Fault(name) is { } fault)
            {
                faults.Add($"etherstub: {name} {fault}");
            }
            else if (tags.Any(t => t.Name == name))
            {
                faults.Add($"etherstub: {name} is a nic tag already");
            }
            else
            {
                tags.Add(new NicTag(name, null, ReadMtu(config, $"{name}_mtu", faults)));
            }
        }
        return tags;
    }

    /// <summary>The names of the key etherstub.</summary>
    internal static IReadOnlyList<string> Etherstubs(ShellConfig config) =>
        (config.NonEmpty("etherstub") ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>external, and TAGn for every numbered address.</summary>
    private static IEnumerable<string> AddressPrefixes(ShellConfig config) =>
        config.Keys.Select(k => NumberedAddress().Match(k)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct();

    [GeneratedRegex("^(external|[A-Za-z_][A-Za-z0-9_]*?[0-9]{1,2})_ip6?$")]
    private static partial Regex NumberedAddress();

    private static HostAddress? ReadAddress(ShellConfig config, string prefix, string tag, List<string> faults)
    {
        foreach (string part in (string[])["vlan_id", "mac"])
        {
            if (config.NonEmpty($"{prefix}_{part}") is { } value && value != "0")
            {
                faults.Add($"{prefix}_{part}: addresses of the host with a VLAN or a MAC address of their own are not supported yet; "
                    + $"{prefix}_ip is left out");
                return null;
            }
        }
        string? text = config.NonEmpty($"{prefix}_ip"), text6 = config.NonEmpty($"{prefix}_ip6");
        bool dhcp = text == "dhcp", addrconf = text6 is "addrconf" or "dhcp,addrconf";
        IpNet? ip4 = null, ip6 = null;
        if (text is not (null or "dhcp" or "none")
            && !(IpNet.TryFromNetmask(text, config.NonEmpty($"{prefix}_netmask"), out ip4) && !ip4.IsV6))
        {
            faults.Add($"{prefix}_ip: {text} with {prefix}_netmask {config[$"{prefix}_netmask"] ?? "missing"} is not an IPv4 address and netmask");
        }
        if (text6 is not null && !addrconf && text6 != "none" && !(IpNet.TryParse(text6, out ip6) && ip6.IsV6))
        {
            faults.Add($"{prefix}_ip6: {text6} is neither \"addrconf\" nor an IPv6 address with its prefix length (fd00::1/64)");
            ip6 = null;
        }
        return dhcp || addrconf || ip4 is not null || ip6 is not null ? new HostAddress(tag, dhcp, ip4, addrconf, ip6) : null;
    }

    private static IPAddress? ReadGateway(ShellConfig config, IEnumerable<string> keys, bool v6, List<string> faults)
    {
        foreach (string key in keys)
        {
            if (config.NonEmpty(key) is not { } text || text is "none" or "dhcp" or "addrconf")
            {
                continue;
            }
            if (IpNet.TryParseAddress(text, out var gateway)
                && gateway.AddressFamily == (v6 ? System.Net.Sockets.AddressFamily.InterNetworkV6 : System.Net.Sockets.AddressFamily.InterNetwork))
            {
                return gateway;
            }
            faults.Add($"{key}: {text} is not an {(v6 ? "IPv6" : "IPv4")} address");
        }
        return null;
    }

    private static int? ReadMtu(ShellConfig config, string key, List<string> faults)
    {
        if (config.NonEmpty(key) is not { } text)
        {
            return null;
        }
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu)
            && mtu is >= NicTag.SmallestMtu and <= NicTag.LargestMtu)
        {
            return mtu;
        }
        faults.Add($"{key}: {text} is not an MTU from {NicTag.SmallestMtu} to {NicTag.LargestMtu}");
        return null;
    }

    private static bool IsHostname(string text) =>
        text.Length <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_');
}
