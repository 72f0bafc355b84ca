using System.Net;
using Lumos.Core;
using Lumos.Drivers.Links;
using Lumos.Linux;
using Lumos.Linux.Netlink;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>The kernel's network, through netlink; the few switches that netlink lacks through /proc/sys.</summary>
public sealed class LinuxNetworkHost(NetworkStack stack) : INetworkHost
{
    public IReadOnlyList<ObservedLink> Links()
    {
        var links = stack.Links();
        var addresses = stack.Addresses();
        return links.Where(l => !l.IsLoopback)
            .Select(l => new ObservedLink(
                l.Name, l.Permanent ?? l.Mac, l.Kind, links.FirstOrDefault(m => m.Index == l.Master)?.Name, (int)l.Mtu, l.IsUp, l.HasCarrier,
                [.. addresses.Where(a => a.LinkIndex == l.Index).Select(a => a.Net)]))
            .ToList();
    }

    public void MakeBridge(string name, MacAddress? mac)
    {
        stack.CreateBridge(name, mac);
        // A bridge of ours has one cable at most, so there is no loop to look for before frames may pass.
        Switch($"/sys/class/net/{name}/bridge/forward_delay", "0");
    }

    public void DeleteLink(string name) => stack.DeleteLink(Index(name));

    public void SetMtu(string link, int mtu) => stack.SetMtu(Index(link), (uint)mtu);

    public void Join(string link, string bridge)
    {
        // The port itself is a cable and nothing else: addresses are the bridge's.
        Switch($"/proc/sys/net/ipv6/conf/{link}/disable_ipv6", "1");
        stack.SetMaster(Index(link), Index(bridge));
        BridgeVlans.Bring(stack, link, bridge);
    }

    public void SetUp(string link) => stack.SetUp(Index(link));

    public void SetAutoconf(string link, bool wanted)
    {
        // 2: even though the host forwards.
        Switch($"/proc/sys/net/ipv6/conf/{link}/accept_ra", wanted ? "2" : "0");
        Switch($"/proc/sys/net/ipv6/conf/{link}/autoconf", wanted ? "1" : "0");
    }

    public void AddAddress(string link, IpNet net)
    {
        int index = Index(link);
        if (!stack.Addresses(index).Any(a => a.Net == net))
        {
            stack.AddAddress(index, net);
        }
    }

    public void DeleteAddress(string link, IpNet net)
    {
        if (stack.FindLink(link) is { } found && stack.Addresses(found.Index).Any(a => a.Net == net))
        {
            stack.DeleteAddress(found.Index, net);
        }
    }

    public void SetDefaultRoute(IPAddress gateway, string link) =>
        stack.ReplaceRoute(new Route(null, gateway, Index(link)));

    public void DeleteDefaultRoute(IPAddress gateway, string link)
    {
        int? index = stack.FindLink(link)?.Index;
        foreach (var route in stack.Routes().Where(r => r.Destination is null && gateway.Equals(r.Gateway) && r.LinkIndex == index))
        {
            stack.DeleteRoute(route);
        }
    }

    private int Index(string link) => stack.GetLink(link).Index;

    /// <summary>A kernel without IPv6 has no such switches, and nothing to switch.</summary>
    private static void Switch(string file, string value)
    {
        try
        {
            File.WriteAllText(file, value);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
        }
        catch (IOException e) when (e.HResult is Errno.ENOENT or Errno.EROFS)
        {
        }
    }
}
