using System.Net;
using Lumos.Core;

namespace Lumos.Linux.Netlink;

/// <summary>A network link as the kernel shows it.</summary>
/// <param name="Kind">bridge, veth, vlan, dummy …; null for a physical link (and the loopback).</param>
/// <param name="IsUp">Switched on (administratively).</param>
/// <param name="HasCarrier">The cable, or the other end, is there.</param>
/// <param name="Mac">Null: the link has no Ethernet address.</param>
/// <param name="Permanent">The address burnt into the hardware, when the driver tells.</param>
/// <param name="Master">Index of the bridge (or bond) it is in.</param>
/// <param name="Parent">Index of the link below (vlan) or of the peer (veth), in the name space <paramref name="ParentNetns"/> when that is given.</param>
public sealed record Link(
    int Index, string Name, string? Kind, bool IsUp, bool HasCarrier, bool IsLoopback, uint Mtu, MacAddress? Mac, MacAddress? Permanent,
    int? Master, int? Parent, int? ParentNetns, int? VlanId)
{
    /// <summary>What somebody wrote on it ("alias", up to 255 bytes); it goes with the link.</summary>
    public string? Alias { get; init; }
}

/// <summary>An address on a link.</summary>
/// <param name="IsPermanent">False: it has a lifetime (DHCP, router advertisement).</param>
public sealed record LinkAddress(int LinkIndex, IpNet Net, bool IsPermanent, bool IsGlobal);

/// <summary>A unicast route of the main table.</summary>
/// <param name="Destination">Null: default (with the address family of the gateway; IPv4 when there is none).</param>
public sealed record Route(IpNet? Destination, IPAddress? Gateway, int? LinkIndex = null, uint Metric = 0, IPAddress? Source = null)
{
    /// <summary>The gateway is taken to answer on the link, whatever networks its addresses have.</summary>
    public bool OnLink { get; init; }

    /// <summary>Made by the kernel itself for an address on a link.</summary>
    public bool IsKernels { get; init; }
}
