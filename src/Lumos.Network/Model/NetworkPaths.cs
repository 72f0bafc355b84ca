namespace Lumos.Network.Model;

/// <summary>Where the network's files are; tests use a tree of their own.</summary>
public sealed record NetworkPaths
{
    /// <summary>What is configured, on the pool.</summary>
    public string Config { get; init; } = "/usbkey/config";

    /// <summary>Stands in for it on a machine without a pool.</summary>
    public string RamConfig { get; init; } = "/run/lumos/network/config";

    /// <summary>Leases and the numbers of DHCP clients; derived.</summary>
    public string State { get; init; } = "/run/lumos/network";

    public string Etc { get; init; } = "/etc";

    /// <summary>The zones' configurations.</summary>
    public string Zones { get; init; } = "/etc/zones";

    /// <summary>What the DHCP client runs at each turn: a link to the multi-call binary.</summary>
    public string EventProgram { get; init; } = "/usr/sbin/net-dhcp-event";

    public string LeaseFile(string link) => Path.Combine(State, $"{link}.lease");
}
