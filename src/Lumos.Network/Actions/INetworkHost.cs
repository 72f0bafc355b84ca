using System.Net;
using Lumos.Core;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>The host's own network: what is there and each way of changing it. Links are named; names are looked up anew.</summary>
public interface INetworkHost
{
    IReadOnlyList<ObservedLink> Links();

    void MakeBridge(string name, MacAddress? mac);

    void DeleteLink(string name);

    void SetMtu(string link, int mtu);

    void Join(string link, string bridge);

    void SetUp(string link);

    /// <summary>Whether the link takes IPv6 addresses that routers advertise.</summary>
    void SetAutoconf(string link, bool wanted);

    /// <summary>Gives the address; one that is there is fine.</summary>
    void AddAddress(string link, IpNet net);

    /// <summary>Takes the address; one that is not there is fine.</summary>
    void DeleteAddress(string link, IpNet net);

    /// <summary>Makes it the default route of its address family, in place of the one before.</summary>
    void SetDefaultRoute(IPAddress gateway, string link);

    /// <summary>Takes the default route through that gateway, if it is there.</summary>
    void DeleteDefaultRoute(IPAddress gateway, string link);
}
