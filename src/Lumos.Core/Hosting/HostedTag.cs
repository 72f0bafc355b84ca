using System.Net;
using System.Text.Json.Nodes;

namespace Lumos.Core.Hosting;

/// <summary>A nic tag of a hosted global zone: a bridge of our own with a subnet, or one of the host's.</summary>
public sealed record HostedTag
{
    /// <summary>What VMs ask for.</summary>
    public required string Name { get; init; }

    /// <summary>The link's name on the host.</summary>
    public required string Bridge { get; init; }

    /// <summary>The bridge is the host's: used as it is, never changed. The members below are then without meaning.</summary>
    public bool Existing { get; init; }

    /// <summary>The network of an own bridge; null only where <see cref="Existing"/> is set.</summary>
    public IpNet? Subnet { get; init; }

    /// <summary>What leaves the subnet bears the host's address; nothing from outside opens a connection to it.</summary>
    public bool Nat { get; init; } = true;

    /// <summary>Whether addresses and names are answered for on the bridge.</summary>
    public bool Dhcp { get; init; } = true;

    /// <summary>The host's address on an own bridge: the first of the subnet.</summary>
    public IpNet Gateway => new(AddressAt(1), Own.PrefixLength);

    /// <summary>
    /// The addresses that DHCP gives out: the upper half of the subnet, so that addresses which are written into payloads
    /// have the lower half to themselves.
    /// </summary>
    public (IPAddress First, IPAddress Last) DhcpRange
    {
        get
        {
            uint size = 1u << (32 - Own.PrefixLength);
            return (AddressAt(size / 2), AddressAt(size - 2));
        }
    }

    internal JsonObject ToJson()
    {
        var tag = new JsonObject { ["name"] = Name, ["bridge"] = Bridge };
        if (Existing)
        {
            tag["existing"] = true;
        }
        else
        {
            tag["subnet"] = Own.ToString();
            tag["nat"] = Nat;
            tag["dhcp"] = Dhcp;
        }
        return tag;
    }

    private IpNet Own => Subnet ?? throw new InvalidOperationException($"tag {Name} has no subnet of ours");

    private IPAddress AddressAt(uint offset)
    {
        byte[] bytes = Own.Network.Address.GetAddressBytes();
        uint first = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, first + offset);
        return new IPAddress(bytes);
    }
}
