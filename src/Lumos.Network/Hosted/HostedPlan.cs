using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Linux.Netlink;

namespace Lumos.Network.Hosted;

/// <summary>What the host shows.</summary>
public sealed record HostedObservation(
    IReadOnlyList<Link> Links, IReadOnlyList<LinkAddress> Addresses, IReadOnlyList<Route> Routes, IReadOnlyList<ForeignChain> Chains);

/// <summary>From what is wanted and what is there to steps. Pure.</summary>
/// <param name="Faults">A sentence for each thing that is in the way; with any of them nothing at all is to be made.</param>
/// <param name="Warnings">What is made all the same, but may not work as hoped.</param>
public sealed record HostedPlan(ImmutableArray<HostedStep> Steps, ImmutableArray<string> Faults, ImmutableArray<string> Warnings)
{
    /// <summary>Routes to more than this are a default route in pieces (as VPNs make them), not a network in use.</summary>
    private const int ShortestUsedPrefix = 8;

    /// <summary>Written on each bridge of a root: it tells ours from others' in whatever life of the machine.</summary>
    public static string Mark(string root, string tag) => $"lumos:{root}:{tag}";

    /// <summary>Whether a link is a bridge of that root's.</summary>
    public static bool IsOurs(Link link, string root) =>
        link.Kind == "bridge" && link.Alias?.StartsWith(Mark(root, ""), StringComparison.Ordinal) == true;

    public static HostedPlan Make(HostedConfig config, HostedObservation host)
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        var steps = ImmutableArray.CreateBuilder<HostedStep>();
        steps.Add(new HostedStep.Rules(HostedRules.Text(config)));
        foreach (var tag in config.Tags)
        {
            var link = host.Links.FirstOrDefault(l => l.Name == tag.Bridge);
            if (tag.Existing)
            {
                if (link?.Kind != "bridge")
                {
                    faults.Add(link is null
                        ? $"nic tag {tag.Name}: the host has no bridge {tag.Bridge}; make it, or name another one in {HostedConfig.Path}"
                        : $"nic tag {tag.Name}: {tag.Bridge} is no bridge ({link.Kind ?? "a NIC"}); name a bridge in {HostedConfig.Path}");
                }
                continue;
            }
            if (link is not null && !IsOurs(link, config.Name))
            {
                faults.Add($"nic tag {tag.Name}: a link {tag.Bridge} exists already and is not of this root ({config.Name}); "
                    + $"remove it, or choose another bridge in {HostedConfig.Path}");
                continue;
            }
            if (UserOf(tag.Subnet!, link?.Index, host) is { } user)
            {
                faults.Add($"nic tag {tag.Name}: the subnet {tag.Subnet} is in use on this host ({user}); choose another in {HostedConfig.Path}");
                continue;
            }
            PlanBridge(config.Name, tag, link, host, steps);
        }
        foreach (var stale in host.Links.Where(l => IsOurs(l, config.Name) && config.OwnTags.All(t => t.Bridge != l.Name)))
        {
            if (host.Links.FirstOrDefault(l => l.Master == stale.Index) is { } port)
            {
                faults.Add($"bridge {stale.Name} belongs to no nic tag any more, but {port.Name} is on it; take that away first");
            }
            steps.Add(new HostedStep.RemoveBridge(stale.Name));
        }
        var uplinks = Uplinks(config, host);
        if (config.OwnTags.Any() && !uplinks.IsEmpty)
        {
            steps.Add(new HostedStep.ForwardUplinks(uplinks));
        }
        return new HostedPlan(steps.ToImmutable(), faults.ToImmutable(), WarningsOf(config, host, uplinks));
    }

    private static void PlanBridge(
        string root, HostedTag tag, Link? link, HostedObservation host, ImmutableArray<HostedStep>.Builder steps)
    {
        if (link is null)
        {
            steps.Add(new HostedStep.MakeBridge(tag.Bridge, MacOf(root, tag.Bridge), Mark(root, tag.Name)));
        }
        var here = host.Addresses.Where(a => a.LinkIndex == link?.Index && !a.Net.IsV6).Select(a => a.Net).ToList();
        steps.AddRange(here.Where(a => a != tag.Gateway).Select(a => new HostedStep.DropAddress(tag.Bridge, a)));
        if (!here.Contains(tag.Gateway))
        {
            steps.Add(new HostedStep.AddAddress(tag.Bridge, tag.Gateway));
        }
        if (link is not { IsUp: true })
        {
            steps.Add(new HostedStep.SetUp(tag.Bridge));
        }
        steps.Add(new HostedStep.Forward(tag.Bridge));
    }

    /// <summary>Who uses addresses of a subnet, our own bridge aside; null: nobody.</summary>
    private static string? UserOf(IpNet subnet, int? ownLink, HostedObservation host)
    {
        string NameOf(int? index) => host.Links.FirstOrDefault(l => l.Index == index)?.Name ?? "a link";

        if (host.Addresses.FirstOrDefault(a => a.LinkIndex != ownLink && a.Net.Overlaps(subnet)) is { } address)
        {
            return $"{NameOf(address.LinkIndex)} has {address.Net}";
        }
        var route = host.Routes.FirstOrDefault(r => r.Destination is { } to && to.PrefixLength >= ShortestUsedPrefix
            && (ownLink is null || r.LinkIndex != ownLink) && to.Overlaps(subnet));
        return route is null ? null : $"there is a route to {route.Destination} through {NameOf(route.LinkIndex)}";
    }

    /// <summary>
    /// The links of the host that lead anywhere over IPv4: answers to what zones send come in there, and the kernel forwards only
    /// what comes in on a link that is told to.
    /// </summary>
    private static ImmutableArray<string> Uplinks(HostedConfig config, HostedObservation host) =>
    [
        .. host.Routes.Where(r => (r.Destination ?? new IpNet(r.Gateway ?? System.Net.IPAddress.Any, 0)) is { IsV6: false })
            .Select(r => host.Links.FirstOrDefault(l => l.Index == r.LinkIndex))
            .OfType<Link>()
            .Where(l => !l.IsLoopback && l.Alias?.StartsWith("lumos:", StringComparison.Ordinal) != true && config.OwnTags.All(t => t.Bridge != l.Name))
            .Select(l => l.Name)
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    private static ImmutableArray<string> WarningsOf(HostedConfig config, HostedObservation host, ImmutableArray<string> uplinks)
    {
        var own = config.OwnTags.ToList();
        if (own.Count == 0)
        {
            return [];
        }
        string bridges = string.Join(", ", own.Select(t => t.Bridge));
        var warnings = host.Chains
            .Where(c => c.Hook is "forward" or "input" && c.Policy == "drop" && c.Table != HostedRules.Table(config.Name))
            .Select(c => $"chain {c.Name} of nftables table {c.Family} {c.Table} drops what it does not know"
                + (c.Hook == "forward"
                    ? $", which may cut zones off; let through what comes from and goes to {bridges}"
                    : $", which may keep zones from DHCP and DNS; let in UDP ports 53 and 67 and TCP port 53 from {bridges}")
                + " (that table is not ours and stays as it is)")
            .ToList();
        if (host.Chains.Any(c => c.Table == "firewalld"))
        {
            warnings.Add($"firewalld decides on this host; tell it of {bridges}: firewall-cmd --zone=trusted --add-interface={own[0].Bridge}");
        }
        if (uplinks.IsEmpty)
        {
            warnings.Add("the host has no way out over IPv4 yet, so zones have none; once it has one: svcadm refresh network/physical");
        }
        return [.. warnings];
    }

    /// <summary>The same at each start, so that nobody's ARP cache is wrong after one.</summary>
    private static MacAddress MacOf(string root, string bridge)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{root}\n{bridge}"))[..6];
        bytes[0] = (byte)((bytes[0] & 0xfc) | 2); // locally administered, of one station
        return MacAddress.FromBytes(bytes);
    }
}
