using System.Net;
using Lumos.Core;
using Lumos.Node.Disks;

namespace Lumos.Node.FirstBoot;

/// <summary>
/// The validators of the questions: given the answer, those before it and the machine, the fault as the rest of a sentence
/// that begins with the key; null when it will do.
/// </summary>
internal static class Check
{
    internal static string? AdminNic(string text, Answers answers, HostFacts host) =>
        FindLink(text, host) is not null ? null
        : host.Links.Count == 0 ? $"is \"{text}\", but this machine has no network interface"
        : $"is \"{text}\", which is none of {string.Join(", ", host.Links.Select((l, i) => $"{i + 1} = {l.Name} ({l.Mac})"))}";

    /// <summary>The interface meant by a MAC address, a name or a number counted from 1.</summary>
    internal static HostLink? FindLink(string text, HostFacts host) =>
        MacAddress.TryParse(text, out var mac) ? host.Links.FirstOrDefault(l => l.Mac == mac)
        : host.Links.FirstOrDefault(l => l.Name == text)
        ?? (int.TryParse(text, out int number) ? host.Links.ElementAtOrDefault(number - 1) : null);

    internal static string? AdminIp(string text, Answers answers, HostFacts host) =>
        text == Questions.Dhcp || Address(text) is not null ? null : $"is \"{text}\", which is neither \"dhcp\" nor an IPv4 address";

    internal static string? Netmask(string text, Answers answers, HostFacts host)
    {
        if (!IpNet.TryPrefixOfNetmask(text, out int prefix) || prefix is 0 or 32)
        {
            return $"is \"{text}\", which is not a netmask such as 255.255.255.0";
        }
        if (prefix < 31 && IpNet.TryFromNetmask(answers["admin_ip"], text, out var net)
            && (net.Address.Equals(net.Network.Address) || net.Address.Equals(net.Broadcast)))
        {
            return $"is {text}, with which admin_ip {net.Address} is the network's own or broadcast address";
        }
        return null;
    }

    internal static string? Gateway(string text, Answers answers, HostFacts host)
    {
        if (text is "none" or "")
        {
            return null;
        }
        if (Address(text) is not { } gateway)
        {
            return $"is \"{text}\", which is neither \"none\" nor an IPv4 address";
        }
        if (Address(answers["admin_ip"] ?? "") is null
            || !IpNet.TryFromNetmask(answers["admin_ip"], answers["admin_netmask"], out var net))
        {
            return null; // the fault is theirs
        }
        return !net.Contains(gateway) ? $"is {text}, which is not in the admin network {net.Network}"
            : net.Address.Equals(gateway) ? $"is {text}, the machine's own admin_ip"
            : null;
    }

    internal static string? Resolver(string text, Answers answers, HostFacts host) =>
        text is "none" or "" || IpNet.TryParseAddress(text, out _) ? null : $"is \"{text}\", which is not an IP address";

    internal static string? Domain(string text, Answers answers, HostFacts host) =>
        text.Length == 0 || IsDnsName(text) ? null : $"is \"{text}\", which is not a domain name";

    internal static string? HostName(string text, Answers answers, HostFacts host) =>
        text is "none" or "" || IpNet.TryParseAddress(text, out _) || IsDnsName(text)
            ? null
            : $"is \"{text}\", which is neither a host name nor an IP address";

    internal static string? HostLabel(string text, Answers answers, HostFacts host) =>
        IsDnsName(text) && text.Length <= 64 ? null : $"is \"{text}\", which is not a host name (letters, digits, - and dots)";

    internal static string? Layout(string text, Answers answers, HostFacts host)
    {
        if (text == "manual")
        {
            return "is \"manual\", which needs a person at the console: make the pool there by hand, or name a layout";
        }
        try
        {
            var layout = ComputeLayout(text, host);
            var foreign = layout.Disks.Where(d => host.ForeignDisks.ContainsKey(d.Name))
                .Select(d => $"{d.Name} holds {host.ForeignDisks[d.Name]}").ToList();
            return foreign.Count > 0
                ? $"is \"{text}\", which would take disks that hold data ({string.Join(", ", foreign)}); "
                    + "wipe them (\"wipefs -a\" on the disk, \"zpool labelclear\" for an old pool) or take them out"
                : null;
        }
        catch (LumosException e)
        {
            string busy = host.BusyDisks.Count > 0 ? $" (in use and left out: {string.Join(", ", host.BusyDisks)})" : "";
            string pools = host.ForeignPools.Count > 0 ? $" (imported pools, not ours to touch: {string.Join(", ", host.ForeignPools)})" : "";
            return $"is \"{text}\": {e.Message}{busy}{pools}";
        }
    }

    /// <summary>The layout an answer stands for.</summary>
    /// <exception cref="LumosException">UnknownLayout, NoLayout.</exception>
    internal static PoolLayout ComputeLayout(string answer, HostFacts host) =>
        LayoutRules.Compute(host.FreeDisks, new LayoutWishes(answer is "default" or "yes" or "y" or "true" or "" ? null : answer));

    internal static string? Yes(string text, Answers answers, HostFacts host) =>
        text is "y" or "yes" or "true" or "Y" ? null : $"is \"{text}\": the layout was not agreed to, so no pool is made";

    internal static string? BootPool(string text, Answers answers, HostFacts host) =>
        text is "none" or "" or "no" or "false"
            ? null
            : $"is \"{text}\": booting from a pool is not supported yet; answer \"none\" and boot from the medium";

    internal static string? PlatformSource(string text, Answers answers, HostFacts host) =>
        text is "none" or "" ? null : $"is \"{text}\": it belongs to booting from a pool, which is not supported yet; leave it out";

    internal static string? Pkgsrc(string text, Answers answers, HostFacts host) =>
        text is "n" or "no" or "false" or ""
            ? null
            : $"is \"{text}\": pkgsrc's tools are not supported yet; answer \"n\"";

    internal static string? Password(string text, Answers answers, HostFacts host) =>
        text.Length == 0 ? "is empty; root needs a password"
        : text.Any(char.IsControl) ? "holds a control character"
        : text.Length > 512 ? "is longer than 512 characters"
        : null;

    internal static string? AuthorizedKeys(string text, Answers answers, HostFacts host)
    {
        string? bad = text.Split('\n')
            .Select(line => line.Trim())
            .FirstOrDefault(line => line.Length > 0 && line[0] != '#' && !LooksLikeKey(line));
        return bad is null ? null : $"holds a line that is no ssh public key: {bad[..Math.Min(bad.Length, 40)]}";
    }

    private static bool LooksLikeKey(string line) =>
        line.Split(' ').Any(word => word.StartsWith("ssh-", StringComparison.Ordinal)
            || word.StartsWith("ecdsa-", StringComparison.Ordinal) || word.StartsWith("sk-", StringComparison.Ordinal));

    private static IPAddress? Address(string text) =>
        IpNet.TryParseAddress(text, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            && address.GetAddressBytes()[0] is > 0 and < 224 and not 127
            ? address
            : null;

    private static bool IsDnsName(string text) =>
        text.Length is > 0 and <= 253 && text.TrimEnd('.').Split('.').All(label =>
            label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
            && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}
