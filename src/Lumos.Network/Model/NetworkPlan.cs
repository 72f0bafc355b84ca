using System.Net;
using Lumos.Core;

namespace Lumos.Network.Model;

/// <summary>A link as the planner sees it.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="Mac">The address burnt in, where it is known, else the one in use.</param>
/// <param name="Kind">Null for a physical one.</param>
/// <param name="Master">The bridge it is on.</param>
/// <param name="IsUp">Switched on.</param>
/// <param name="HasCarrier">The cable is in; told only of what is switched on.</param>
public sealed record ObservedLink(
    string Name, MacAddress? Mac, string? Kind, string? Master, int Mtu, bool IsUp, bool HasCarrier, IReadOnlyList<IpNet> Addresses);

/// <summary>One change of the network; each is small enough to be named when it fails.</summary>
public abstract record NetworkStep
{
    public sealed record MakeBridge(string Name, MacAddress? Mac) : NetworkStep
    {
        public override string ToString() => Mac is { } mac ? $"make bridge {Name} ({mac})" : $"make bridge {Name}";
    }

    public sealed record SetMtu(string Link, int Mtu) : NetworkStep
    {
        public override string ToString() => $"set the MTU of {Link} to {Mtu}";
    }

    public sealed record Join(string Link, string Bridge) : NetworkStep
    {
        public override string ToString() => $"put {Link} on bridge {Bridge}";
    }

    public sealed record SetUp(string Link) : NetworkStep
    {
        public override string ToString() => $"switch {Link} on";
    }

    public sealed record Autoconf(string Link, bool Wanted) : NetworkStep
    {
        public override string ToString() => Wanted ? $"let routers give {Link} IPv6 addresses" : $"take no IPv6 address for {Link} from routers";
    }

    public sealed record AddAddress(string Link, IpNet Net) : NetworkStep
    {
        public override string ToString() => $"give {Link} the address {Net}";
    }

    public sealed record DefaultRoute(IPAddress Gateway, string Link) : NetworkStep
    {
        public override string ToString() => $"route by default through {Gateway} on {Link}";
    }

    public sealed record StartDhcp(string Link) : NetworkStep
    {
        public override string ToString() => $"ask for a DHCP lease on {Link}";
    }
}

/// <summary>Steps, and a sentence for each tag that cannot be had.</summary>
/// <param name="AdminIsMissing">Whether the admin tag is among those.</param>
public sealed record NetworkPlan(IReadOnlyList<NetworkStep> Steps, IReadOnlyList<string> Faults, bool AdminIsMissing)
{
    /// <summary>The changes that lead from what is there to what is wanted; none when all is as it should be (but DHCP).</summary>
    public static NetworkPlan Make(NetworkSpec spec, IReadOnlyList<ObservedLink> links)
    {
        var steps = new List<NetworkStep>();
        var faults = new List<string>();
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tag in spec.Tags)
        {
            if (PlanTag(tag, links, steps) is { } fault)
            {
                faults.Add(fault);
            }
            else
            {
                made.Add(tag.Name);
            }
        }
        foreach (var address in spec.Addresses.Where(a => made.Contains(a.Tag)))
        {
            var here = links.FirstOrDefault(l => l.Name == address.Tag)?.Addresses ?? [];
            steps.Add(new NetworkStep.Autoconf(address.Tag, address.Addrconf));
            steps.AddRange(new[] { address.Ip4, address.Ip6 }.OfType<IpNet>()
                .Where(net => !here.Contains(net))
                .Select(net => new NetworkStep.AddAddress(address.Tag, net)));
        }
        foreach (var gateway in new[] { spec.Gateway, spec.Gateway6 }.OfType<IPAddress>())
        {
            if (LinkTo(gateway, spec, made) is { } link)
            {
                steps.Add(new NetworkStep.DefaultRoute(gateway, link));
            }
            else if (!spec.Addresses.Any(a => a.Dhcp || a.Addrconf)) // else it may become reachable with the lease
            {
                faults.Add($"default gateway {gateway}: none of the host's addresses is in its network; it is left out");
            }
        }
        steps.AddRange(spec.Addresses.Where(a => a.Dhcp && made.Contains(a.Tag)).Select(a => new NetworkStep.StartDhcp(a.Tag)));
        return new NetworkPlan(steps, faults, spec.Tag(spec.AdminTag) is not null && !made.Contains(spec.AdminTag));
    }

    private static string? PlanTag(NicTag tag, IReadOnlyList<ObservedLink> links, List<NetworkStep> steps)
    {
        var bridge = links.FirstOrDefault(l => l.Name == tag.Name);
        if (bridge is not null && bridge.Kind != "bridge")
        {
            return $"nic tag {tag.Name}: a link of that name exists and is no bridge; choose another name";
        }
        ObservedLink? nic = null;
        if (tag.Mac is { } mac)
        {
            nic = links.FirstOrDefault(l => l.Kind is null && l.Mac == mac);
            if (nic is null)
            {
                string present = string.Join(", ", links.Where(l => l.Kind is null && l.Mac is not null).Select(l => $"{l.Name} ({l.Mac})"));
                return $"nic tag {tag.Name}: no NIC has the MAC address {mac}; "
                    + (present.Length == 0 ? "this machine shows no NIC at all" : $"present are {present}");
            }
            if (nic.Master is { } master && master != tag.Name)
            {
                return $"nic tag {tag.Name}: {nic.Name} is on bridge {master} already";
            }
        }
        if (bridge is null)
        {
            steps.Add(new NetworkStep.MakeBridge(tag.Name, tag.Mac));
        }
        if (tag.Mtu is { } mtu)
        {
            if (nic is not null && nic.Mtu != mtu)
            {
                steps.Add(new NetworkStep.SetMtu(nic.Name, mtu));
            }
            if ((bridge?.Mtu ?? NicTag.DefaultMtu) != mtu)
            {
                steps.Add(new NetworkStep.SetMtu(tag.Name, mtu));
            }
        }
        if (nic is not null && nic.Master != tag.Name)
        {
            steps.Add(new NetworkStep.Join(nic.Name, tag.Name));
        }
        if (nic is { IsUp: false })
        {
            steps.Add(new NetworkStep.SetUp(nic.Name));
        }
        if (bridge is not { IsUp: true })
        {
            steps.Add(new NetworkStep.SetUp(tag.Name));
        }
        return null;
    }

    private static string? LinkTo(IPAddress gateway, NetworkSpec spec, HashSet<string> made) =>
        gateway.IsIPv6LinkLocal
            ? made.Contains(spec.AdminTag) ? spec.AdminTag : null
            : spec.Addresses.FirstOrDefault(a => made.Contains(a.Tag)
                && (a.Ip4?.Contains(gateway) == true || a.Ip6?.Contains(gateway) == true))?.Tag;
}
