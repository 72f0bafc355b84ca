using System.Collections.Immutable;
using System.Net;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Links;

namespace Lumos.Zones.Runtime;

/// <summary>What a zone's NICs come to as links and routes. Pure.</summary>
public sealed record ZoneLinkPlan(ImmutableArray<VethPlan> Pairs, ImmutableArray<RoutePlan> Routes)
{
    /// <exception cref="LumosException">ZoneCannotBoot: a NIC asks for what this release cannot do, or is not well formed.</exception>
    public static ZoneLinkPlan Of(ZoneSpec zone, ZoneLinkNames names)
    {
        LumosException Cannot(string why) => ZoneLinkPlan.Cannot(zone, why);

        var pairs = ImmutableArray.CreateBuilder<VethPlan>();
        var routes = ImmutableArray.CreateBuilder<RoutePlan>();
        for (int n = 0; n < zone.Nics.Length; n++)
        {
            var nic = zone.Nics[n];
            if (nic.VlanId is < 0 or > 4094)
            {
                throw Cannot($"nic {nic.Interface} has vlan_id {nic.VlanId}, which is not within 0 to 4094");
            }
            if (!MacAddress.TryParse(nic.Mac, out var mac))
            {
                throw Cannot($"nic {nic.Interface} has mac \"{nic.Mac}\", which is not a MAC address");
            }
            if (nic.Interface.Length is 0 or > 15)
            {
                throw Cannot($"nic name \"{nic.Interface}\" is not 1 to 15 characters long");
            }
            var addresses = ImmutableArray.CreateBuilder<IpNet>();
            foreach (string ip in nic.Ips.Where(ip => ip is not ("dhcp" or "addrconf")))
            {
                addresses.Add(ip.Contains('/') && IpNet.TryParse(ip, out var net)
                    ? net
                    : throw Cannot($"nic {nic.Interface} has ip \"{ip}\", which is not an address with a prefix length"));
            }
            pairs.Add(new VethPlan
            {
                HostName = names.HostEnd(zone.ZoneDid, n),
                Bridge = names.Bridge(nic.NicTag)
                    ?? throw Cannot($"nic {nic.Interface} has nic_tag \"{nic.NicTag}\", which {HostedConfig.Path} does not have"),
                PeerName = nic.Interface,
                PeerMac = mac,
                Mtu = nic.Mtu ?? 1500,
                Vlan = nic.VlanId,
                Addresses = addresses.ToImmutable(),
                Autoconf = nic.UsesAutoconf,
            });
            if (nic.Primary && nic.Gateways.Length > 0)
            {
                if (!IPAddress.TryParse(nic.Gateways[0], out var gateway))
                {
                    throw Cannot($"nic {nic.Interface} has gateway \"{nic.Gateways[0]}\", which is not an address");
                }
                // One that no address of the NIC reaches (a hoster's, or one given beside dhcp) is asked for on the link: the zone boots.
                routes.Add(new RoutePlan(null, gateway, nic.Interface) { OnLink = !addresses.Any(net => net.Contains(gateway)) });
            }
        }
        routes.AddRange(StaticRoutes(zone));
        return new ZoneLinkPlan(pairs.ToImmutable(), routes.ToImmutable());
    }

    /// <summary>Of a machine's zone, whose links end in its QEMU: the guest gives itself its addresses.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    public static ImmutableArray<TapPlan> Taps(ZoneSpec zone, ZoneLinkNames names) =>
    [
        .. Of(zone, names).Pairs.Select(pair => new TapPlan { HostName = pair.HostName, Bridge = pair.Bridge, Mtu = pair.Mtu, Vlan = pair.Vlan }),
    ];

    /// <summary>The routes of routes.json.</summary>
    internal static ImmutableArray<RoutePlan> StaticRoutes(ZoneSpec zone)
    {
        var routes = ImmutableArray.CreateBuilder<RoutePlan>();
        foreach (var route in zone.Routes)
        {
            if (!IpNet.TryParse(route.Destination.Contains('/') ? route.Destination : Host(route.Destination), out var destination))
            {
                throw Cannot(zone, $"route \"{route.Destination}\" is not an address or network");
            }
            bool throughDevice = route.Gateway.StartsWith("dev ", StringComparison.Ordinal);
            if (!throughDevice && !IPAddress.TryParse(route.Gateway, out _))
            {
                throw Cannot(zone, $"route {route.Destination} goes through \"{route.Gateway}\", which is not an address");
            }
            routes.Add(throughDevice
                ? new RoutePlan(destination.Network, null, route.Gateway[4..])
                : Through(IPAddress.Parse(route.Gateway), destination.Network, zone));
        }
        return routes.ToImmutable();
    }

    // No lease is there yet when routes are made: a gateway that no fixed address reaches is asked for on the link of a NIC that will have
    // one, or on the primary one, as a gateway of the NIC's own is.
    private static RoutePlan Through(IPAddress gateway, IpNet destination, ZoneSpec zone)
    {
        bool reached = zone.Nics.SelectMany(nic => nic.Ips).Any(ip => IpNet.TryParse(ip, out var net) && net.Contains(gateway));
        var nic = reached ? null : zone.Nics.FirstOrDefault(nic => nic.Ips.Contains("dhcp")) ?? zone.Nics.FirstOrDefault(nic => nic.Primary);
        return new RoutePlan(destination, gateway, nic?.Interface) { OnLink = nic is not null };
    }

    private static LumosException Cannot(ZoneSpec zone, string why) => new("ZoneCannotBoot", $"zone '{zone.Name}': {why}");

    private static string Host(string address) => address + (address.Contains(':') ? "/128" : "/32");
}
