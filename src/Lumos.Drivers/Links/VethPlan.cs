using System.Collections.Immutable;
using System.Net;
using Lumos.Core;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Links;

/// <summary>
/// A pair of virtual Ethernet links: one end on a bridge here, the other inside another network namespace, ready for use.
/// </summary>
public sealed record VethPlan
{
    /// <summary>Our end, 15 characters at most.</summary>
    public required string HostName { get; init; }

    /// <summary>The bridge our end sits on.</summary>
    public required string Bridge { get; init; }

    /// <summary>The other end's name in its namespace.</summary>
    public required string PeerName { get; init; }

    public required MacAddress PeerMac { get; init; }

    /// <summary>Bytes.</summary>
    public int Mtu { get; init; } = 1500;

    public ImmutableArray<IpNet> Addresses { get; init; } = [];

    /// <summary>The VLAN that our end is in on the bridge; 0: none.</summary>
    public int Vlan { get; init; }

    /// <summary>The other end takes IPv6 addresses that routers advertise.</summary>
    public bool Autoconf { get; init; }
}

/// <summary>A link here whose other end is a descriptor, for a virtual machine.</summary>
public sealed record TapPlan
{
    /// <summary>15 characters at most.</summary>
    public required string HostName { get; init; }

    /// <summary>The bridge it sits on.</summary>
    public required string Bridge { get; init; }

    /// <summary>Bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The VLAN that it is in on the bridge; 0: none.</summary>
    public int Vlan { get; init; }
}

/// <summary>A route inside the namespace.</summary>
/// <param name="Destination">Null: the default.</param>
/// <param name="Gateway">Null: straight through the device.</param>
/// <param name="Device">A link's name; null: the one that reaches the gateway.</param>
public sealed record RoutePlan(IpNet? Destination, IPAddress? Gateway, string? Device)
{
    /// <summary>The gateway answers on the device though no network of the device's addresses holds it.</summary>
    public bool OnLink { get; init; }
}

/// <summary>Links of network namespaces that are not ours.</summary>
public interface INamespaceLinks
{
    /// <summary>
    /// Makes the pairs with their other ends in the network namespace of the process <paramref name="pid"/>, gives those
    /// their addresses, sets lo and all of them up, and then adds the routes. A failure leaves none of them.
    /// </summary>
    void Attach(IReadOnlyList<VethPlan> pairs, IReadOnlyList<RoutePlan> routes, int pid);

    /// <summary>
    /// Makes links whose other ends are the descriptors, in the plans' order; each is gone when its descriptor is closed everywhere. A
    /// failure leaves none of them.
    /// </summary>
    IReadOnlyList<FileDescriptor> OpenTaps(IReadOnlyList<TapPlan> taps);

    /// <summary>Removes routes in the network namespace of a process (one that is not there is no error), and adds others.</summary>
    void ChangeRoutes(IReadOnlyList<RoutePlan> remove, IReadOnlyList<RoutePlan> add, int pid);

    /// <summary>
    /// Removes links of ours by name, and so both ends of pairs, and what was set up for them on their bridges; one that is not there is no error.
    /// None named: what links have left that are gone by themselves before anybody could write down their names.
    /// </summary>
    void Remove(IReadOnlyList<string> names);
}
