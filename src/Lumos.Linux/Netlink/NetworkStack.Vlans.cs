using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

/// <summary>How a port of a bridge carries a VLAN.</summary>
public enum PortVlan
{
    /// <summary>With its tag.</summary>
    Tagged,

    /// <summary>Without a tag, and what comes in without one belongs to it.</summary>
    Own,
}

/// <summary>A VLAN that a port of a bridge carries.</summary>
/// <param name="Port">The port's index; the bridge's own, for what goes to the machine itself.</param>
public readonly record struct CarriedVlan(int Port, int Vlan);

public sealed partial class NetworkStack
{
    /// <summary>What the ports of all bridges carry.</summary>
    public unsafe IReadOnlyList<CarriedVlan> PortVlans()
    {
        var carried = new List<CarriedVlan>();
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETLINK, List);
        message.Struct(new Libc.ifinfomsg { ifi_family = Libc.AF_BRIDGE });
        message.Attribute(Libc.IFLA_EXT_MASK, Libc.RTEXT_FILTER_BRVLAN);
        _socket.Dump(message, "list the VLANs of bridges", carried.Clear, (type, body) =>
        {
            if (type == Libc.RTM_NEWLINK)
            {
                ReadVlans(body, carried);
            }
        });
        return carried;
    }

    private static void ReadVlans(ReadOnlySpan<byte> body, List<CarriedVlan> carried)
    {
        int port = NetlinkReader.Fixed<Libc.ifinfomsg>(body, out var attributes).ifi_index;
        while (attributes.Next())
        {
            if (attributes.Type != Libc.IFLA_AF_SPEC)
            {
                continue;
            }
            var inner = new NetlinkReader(attributes.Value);
            while (inner.Next())
            {
                if (inner.Type == Libc.IFLA_BRIDGE_VLAN_INFO && inner.Value is [_, _, var low, var high, ..])
                {
                    carried.Add(new CarriedVlan(port, low | high << 8));
                }
            }
        }
    }

    /// <summary>Lets a port of a bridge carry a VLAN; one that it carries already is no error.</summary>
    public void AddPortVlan(int port, int vlan, PortVlan how) => ChangePortVlan(
        Libc.RTM_SETLINK, port, vlan, how == PortVlan.Own ? (ushort)(Libc.BRIDGE_VLAN_INFO_PVID | Libc.BRIDGE_VLAN_INFO_UNTAGGED) : (ushort)0, "add");

    /// <summary>Takes a VLAN from a port of a bridge; one that it does not carry is no error.</summary>
    public void RemovePortVlan(int port, int vlan) => ChangePortVlan(Libc.RTM_DELLINK, port, vlan, 0, "remove");

    private void ChangePortVlan(ushort type, int port, int vlan, ushort flags, string what)
    {
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], type, Change);
        message.Struct(new Libc.ifinfomsg { ifi_family = Libc.AF_BRIDGE, ifi_index = port });
        int spec = message.Begin(Libc.IFLA_AF_SPEC | Libc.NLA_F_NESTED);
        message.Attribute(Libc.IFLA_BRIDGE_VLAN_INFO, (ReadOnlySpan<byte>)[(byte)flags, (byte)(flags >> 8), (byte)vlan, (byte)(vlan >> 8)]);
        message.End(spec);
        _socket.Request(message, $"{what} VLAN {vlan} on link {port}");
    }
}
