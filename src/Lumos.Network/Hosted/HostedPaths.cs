namespace Lumos.Network.Hosted;

/// <summary>Where the network of a hosted global zone keeps what it keeps; tests use a tree of their own.</summary>
public sealed record HostedPaths
{
    /// <summary>
    /// What all hosted roots of this host share: which links forward because of us. It is the host's /run, which outlives our
    /// mount namespace.
    /// </summary>
    public string Shared { get; init; } = "/.host/run/lumos/network";

    /// <summary>Configurations of dnsmasq, one folder a bridge; derived.</summary>
    public string Dnsmasq { get; init; } = "/run/lumos/dnsmasq";

    /// <summary>Leases that dnsmasq has given, one file a bridge; /var/db is bound from the prefix, as /var/lib is not.</summary>
    public string Leases { get; init; } = "/var/db/lumos-dhcp";

    /// <summary>The host's name servers, which dnsmasq asks.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>The zones' configurations.</summary>
    public string Zones { get; init; } = "/etc/zones";
}
