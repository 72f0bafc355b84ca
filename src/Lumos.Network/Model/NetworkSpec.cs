using System.Net;
using Lumos.Core;

namespace Lumos.Network.Model;

/// <summary>A nic tag: the name under which zones and the host ask for a network. On Linux it is a bridge of that name.</summary>
/// <param name="Name">Also the bridge's name.</param>
/// <param name="Mac">The physical NIC it stands for; null: an etherstub, a switch without a cable.</param>
/// <param name="Mtu">Bytes; null: what the NIC has.</param>
public sealed record NicTag(string Name, MacAddress? Mac, int? Mtu = null)
{
    public const int DefaultMtu = 1500, SmallestMtu = 1500, LargestMtu = 9000;

    public bool IsEtherstub => Mac is null;
}

/// <summary>The host's address on a tag. Each part may be missing.</summary>
/// <param name="Tag">The tag whose bridge bears it.</param>
/// <param name="Dhcp">IPv4 by DHCP; then <paramref name="Ip4"/> is null.</param>
/// <param name="Addrconf">IPv6 from what routers advertise; then <paramref name="Ip6"/> is null.</param>
public sealed record HostAddress(string Tag, bool Dhcp, IpNet? Ip4, bool Addrconf, IpNet? Ip6);

/// <summary>What the host's network is to be: /usbkey/config or the boot arguments, read and checked.</summary>
public sealed record NetworkSpec
{
    public required string AdminTag { get; init; }

    public IReadOnlyList<NicTag> Tags { get; init; } = [];

    public IReadOnlyList<HostAddress> Addresses { get; init; } = [];

    /// <summary>Static default gateways; null: from DHCP or advertised, or none.</summary>
    public IPAddress? Gateway { get; init; }

    public IPAddress? Gateway6 { get; init; }

    /// <summary>Name servers; empty: those DHCP brings.</summary>
    public IReadOnlyList<string> Resolvers { get; init; } = [];

    /// <summary>"" for none (then what DHCP brings).</summary>
    public string Domain { get; init; } = "";

    /// <summary>Null: it stays as it is.</summary>
    public string? Hostname { get; init; }

    /// <summary>A sentence for each key that cannot be carried out, naming it; the rest is carried out all the same.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    public NicTag? Tag(string name) => Tags.FirstOrDefault(t => t.Name == name);
}
