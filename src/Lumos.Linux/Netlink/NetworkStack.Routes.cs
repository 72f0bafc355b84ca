using System.Net;
using System.Net.Sockets;
using Lumos.Core;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

public sealed partial class NetworkStack
{
    /// <summary>The unicast routes of the main table, IPv4 and IPv6.</summary>
    public IReadOnlyList<Route> Routes()
    {
        var routes = new List<Route>();
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETROUTE, List);
        message.Struct(default(Libc.rtmsg));
        _socket.Dump(message, "list routes", routes.Clear, (type, body) =>
        {
            if (type == Libc.RTM_NEWROUTE && ReadRoute(body) is { } route)
            {
                routes.Add(route);
            }
        });
        return routes;
    }

    /// <summary>Adds a route.</summary>
    /// <exception cref="ErrnoException">EEXIST: there is one; ENETUNREACH: no link leads to the gateway.</exception>
    public void AddRoute(Route route) => SendRoute(route, Libc.RTM_NEWROUTE, Create, "add");

    /// <summary>Adds a route or puts it in the place of the one to the same destination.</summary>
    public void ReplaceRoute(Route route) =>
        SendRoute(route, Libc.RTM_NEWROUTE, Change | Libc.NLM_F_CREATE | Libc.NLM_F_REPLACE, "set");

    /// <summary>Removes a route.</summary>
    /// <exception cref="ErrnoException">ESRCH: there is none.</exception>
    public void DeleteRoute(Route route) => SendRoute(route, Libc.RTM_DELROUTE, Change, "delete");

    private void SendRoute(Route route, ushort type, ushort flags, string verb)
    {
        bool v6 = (route.Destination?.Address ?? route.Gateway ?? route.Source)?.AddressFamily == AddressFamily.InterNetworkV6;
        bool deleting = type == Libc.RTM_DELROUTE;
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], type, flags);
        message.Struct(new Libc.rtmsg
        {
            rtm_family = Family(v6),
            rtm_dst_len = (byte)(route.Destination?.PrefixLength ?? 0),
            rtm_table = Libc.RT_TABLE_MAIN,
            rtm_protocol = deleting ? (byte)0 : Libc.RTPROT_STATIC,
            rtm_scope = deleting ? Libc.RT_SCOPE_NOWHERE : route.Gateway is null && !v6 ? Libc.RT_SCOPE_LINK : Libc.RT_SCOPE_UNIVERSE,
            rtm_type = deleting ? (byte)0 : Libc.RTN_UNICAST,
            rtm_flags = route.OnLink && !deleting ? Libc.RTNH_F_ONLINK : 0,
        });
        if (route.Destination is { } destination)
        {
            message.Attribute(Libc.RTA_DST, destination.Network.Address.GetAddressBytes());
        }
        if (route.Gateway is { } gateway)
        {
            message.Attribute(Libc.RTA_GATEWAY, gateway.GetAddressBytes());
        }
        if (route.LinkIndex is { } link)
        {
            message.Attribute(Libc.RTA_OIF, link);
        }
        if (route.Metric != 0)
        {
            message.Attribute(Libc.RTA_PRIORITY, route.Metric);
        }
        if (route.Source is { } source)
        {
            message.Attribute(Libc.RTA_PREFSRC, source.GetAddressBytes());
        }
        _socket.Request(message, $"{verb} route {route.Destination?.ToString() ?? "default"} via {route.Gateway?.ToString() ?? "link"}");
    }

    private static Route? ReadRoute(ReadOnlySpan<byte> body)
    {
        var fixedPart = NetlinkReader.Fixed<Libc.rtmsg>(body, out var attributes);
        if (fixedPart.rtm_type != Libc.RTN_UNICAST || fixedPart.rtm_family is not (Libc.AF_INET or Libc.AF_INET6))
        {
            return null;
        }
        uint table = fixedPart.rtm_table, metric = 0;
        IPAddress? destination = null, gateway = null, source = null;
        int? link = null;
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case Libc.RTA_TABLE:
                    table = attributes.U32;
                    break;
                case Libc.RTA_DST:
                    destination = new IPAddress(attributes.Value);
                    break;
                case Libc.RTA_GATEWAY:
                    gateway = new IPAddress(attributes.Value);
                    break;
                case Libc.RTA_PREFSRC:
                    source = new IPAddress(attributes.Value);
                    break;
                case Libc.RTA_OIF:
                    link = attributes.S32;
                    break;
                case Libc.RTA_PRIORITY:
                    metric = attributes.U32;
                    break;
            }
        }
        if (table != Libc.RT_TABLE_MAIN)
        {
            return null;
        }
        var net = destination is null ? null : new IpNet(destination, fixedPart.rtm_dst_len);
        return new Route(net, gateway, link, metric, source) { IsKernels = fixedPart.rtm_protocol == Libc.RTPROT_KERNEL };
    }
}
