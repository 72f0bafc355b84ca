using System.Text;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

public sealed partial class NetworkStack
{
    /// <summary>Bytes, as the kernel has it.</summary>
    private const int LongestName = 15;

    /// <summary>All links, by index.</summary>
    /// <param name="master">Of one bridge (or bond): those in it.</param>
    public unsafe IReadOnlyList<Link> Links(int? master = null)
    {
        var links = new List<Link>();
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETLINK, List);
        message.Struct(default(Libc.ifinfomsg));
        if (master is { } bridge)
        {
            message.Attribute(Libc.IFLA_MASTER, bridge);
        }
        _socket.Dump(message, "list links", links.Clear, (type, body) =>
        {
            if (type == Libc.RTM_NEWLINK)
            {
                links.Add(ReadLink(body));
            }
        });
        return links;
    }

    /// <summary>The link of that name; null: there is none.</summary>
    /// <remarks>One question, however many links there are. The kernel looks among further names of links, too; they are not what is asked for.</remarks>
    public Link? FindLink(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) is 0 or > LongestName)
        {
            return null;
        }
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETLINK, Change, 0);
        message.Attribute(Libc.IFLA_IFNAME, name);
        return Ask(message, $"find link {name}") is { } link && link.Name == name ? link : null;
    }

    /// <inheritdoc cref="FindLink(string)"/>
    public Link? FindLink(int index) =>
        Ask(LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETLINK, Change, index), $"find link {index}");

    /// <summary>The link of that name.</summary>
    /// <exception cref="ErrnoException">ENODEV.</exception>
    public Link GetLink(string name) => FindLink(name) ?? throw new ErrnoException($"link {name}", Errno.ENODEV);

    /// <summary>Makes a bridge. With an address given it keeps it, whatever joins.</summary>
    public Link CreateBridge(string name, MacAddress? mac = null) => Make(name, "bridge", mac, null);

    /// <summary>Makes a dummy link: it leads nowhere.</summary>
    public Link CreateDummy(string name, MacAddress? mac = null) => Make(name, "dummy", mac, null);

    /// <summary>Makes a link that carries one VLAN of another link.</summary>
    public Link CreateVlan(string name, int parentIndex, int vlanId, MacAddress? mac = null) => Make(name, "vlan", mac, null, parentIndex, vlanId);

    /// <summary>Makes a veth pair, its second end directly in another namespace when that is given.</summary>
    /// <returns>The first end; the second is found by its name in its own namespace.</returns>
    public Link CreateVeth(string name, VethPeer peer, MacAddress? mac = null, uint? mtu = null) =>
        Make(name, "veth", mac, mtu, peer: peer);

    /// <summary>Removes a link (of a veth: both ends).</summary>
    public void DeleteLink(int index)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_DELLINK, Change, index);
        _socket.Request(message, $"delete link {index}");
    }

    /// <summary>Switches a link on or off.</summary>
    public void SetUp(int index, bool up = true)
    {
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change);
        message.Struct(new Libc.ifinfomsg { ifi_index = index, ifi_flags = up ? Libc.IFF_UP : 0, ifi_change = Libc.IFF_UP });
        _socket.Request(message, $"switch link {index} {(up ? "on" : "off")}");
    }

    /// <summary>Renames a link (most kernels want it off for that: EBUSY).</summary>
    public void Rename(int index, string name)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_IFNAME, name);
        _socket.Request(message, $"rename link {index} to {name}");
    }

    /// <summary>Writes on a link what it is for ("alias"); "" wipes it.</summary>
    public void SetAlias(int index, string alias)
    {
        // The kernel takes the bytes as they are, without a NUL at the end.
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_IFALIAS, Encoding.UTF8.GetBytes(alias));
        _socket.Request(message, $"name the purpose of link {index}");
    }

    public void SetMtu(int index, uint mtu)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_MTU, mtu);
        _socket.Request(message, $"set the MTU of link {index} to {mtu}");
    }

    public void SetMac(int index, MacAddress mac)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_ADDRESS, mac.ToBytes());
        _socket.Request(message, $"set the address of link {index} to {mac}");
    }

    /// <summary>Puts a link into a bridge; null takes it out.</summary>
    public void SetMaster(int index, int? master)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_MASTER, master ?? 0);
        _socket.Request(message, master is null ? $"take link {index} out of its bridge" : $"put link {index} into bridge {master}");
    }

    /// <summary>Moves a link into another namespace, under another name when one is given; it loses its addresses.</summary>
    public void MoveTo(int index, FileDescriptor netNamespace, string? newName = null)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Change, index);
        message.Attribute(Libc.IFLA_NET_NS_FD, netNamespace.Number);
        if (newName is not null)
        {
            message.Attribute(Libc.IFLA_IFNAME, newName);
        }
        _socket.Request(message, $"move link {index} to another network");
    }

    private Link? Ask(NetlinkWriter message, string what)
    {
        Link? found = null;
        try
        {
            _socket.Request(message, what, (type, body) => found = type == Libc.RTM_NEWLINK ? ReadLink(body) : found);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
        return found;
    }

    private Link Make(
        string name, string kind, MacAddress? mac, uint? mtu, int? parent = null, int? vlanId = null, VethPeer? peer = null)
    {
        var message = LinkMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWLINK, Create, 0);
        Describe(ref message, name, mac, mtu);
        if (parent is { } below)
        {
            message.Attribute(Libc.IFLA_LINK, below);
        }
        int info = message.Begin(Libc.IFLA_LINKINFO | Libc.NLA_F_NESTED);
        message.Attribute(Libc.IFLA_INFO_KIND, kind);
        int data = message.Begin(Libc.IFLA_INFO_DATA | Libc.NLA_F_NESTED);
        if (vlanId is { } id)
        {
            message.Attribute(Libc.IFLA_VLAN_ID, (ushort)id);
        }
        if (peer is not null)
        {
            int other = message.Begin(Libc.VETH_INFO_PEER | Libc.NLA_F_NESTED);
            message.Struct(default(Libc.ifinfomsg));
            Describe(ref message, peer.Name, peer.Mac, mtu);
            if (peer.NetNamespace is { } net)
            {
                message.Attribute(Libc.IFLA_NET_NS_FD, net.Number);
            }
            else if (peer.Pid is { } pid)
            {
                message.Attribute(Libc.IFLA_NET_NS_PID, pid);
            }
            message.End(other);
        }
        message.End(data);
        message.End(info);
        _socket.Request(message, $"create {kind} {name}");
        return GetLink(name);
    }

    private static void Describe(ref NetlinkWriter message, string name, MacAddress? mac, uint? mtu)
    {
        message.Attribute(Libc.IFLA_IFNAME, name);
        if (mac is { } address)
        {
            message.Attribute(Libc.IFLA_ADDRESS, address.ToBytes());
        }
        if (mtu is { } bytes)
        {
            message.Attribute(Libc.IFLA_MTU, bytes);
        }
    }

    private static NetlinkWriter LinkMessage(Span<byte> buffer, ushort type, ushort flags, int index)
    {
        var message = new NetlinkWriter(buffer, type, flags);
        message.Struct(new Libc.ifinfomsg { ifi_index = index });
        return message;
    }

    private static Link ReadLink(ReadOnlySpan<byte> body)
    {
        var fixedPart = NetlinkReader.Fixed<Libc.ifinfomsg>(body, out var attributes);
        string name = "";
        string? kind = null, alias = null;
        uint mtu = 0;
        MacAddress? mac = null, permanent = null;
        int? master = null, parent = null, parentNetns = null, vlanId = null;
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case Libc.IFLA_IFNAME:
                    name = attributes.Text;
                    break;
                case Libc.IFLA_IFALIAS:
                    alias = attributes.Text;
                    break;
                case Libc.IFLA_MTU:
                    mtu = attributes.U32;
                    break;
                case Libc.IFLA_ADDRESS when attributes.Value.Length == 6:
                    mac = MacAddress.FromBytes(attributes.Value);
                    break;
                case Libc.IFLA_PERM_ADDRESS when attributes.Value.Length == 6:
                    permanent = MacAddress.FromBytes(attributes.Value);
                    break;
                case Libc.IFLA_MASTER:
                    master = attributes.S32;
                    break;
                case Libc.IFLA_LINK:
                    parent = attributes.S32;
                    break;
                case Libc.IFLA_LINK_NETNSID:
                    parentNetns = attributes.S32;
                    break;
                case Libc.IFLA_LINKINFO:
                    ReadInfo(attributes.Value, ref kind, ref vlanId);
                    break;
            }
        }
        bool loopback = (fixedPart.ifi_flags & Libc.IFF_LOOPBACK) != 0;
        return new Link(
            fixedPart.ifi_index, name, kind, (fixedPart.ifi_flags & Libc.IFF_UP) != 0, (fixedPart.ifi_flags & Libc.IFF_LOWER_UP) != 0,
            loopback, mtu, loopback ? null : mac, permanent, master, parent, parentNetns, vlanId) { Alias = alias };
    }

    private static void ReadInfo(ReadOnlySpan<byte> value, ref string? kind, ref int? vlanId)
    {
        var info = new NetlinkReader(value);
        while (info.Next())
        {
            if (info.Type == Libc.IFLA_INFO_KIND)
            {
                kind = info.Text;
            }
            else if (info.Type == Libc.IFLA_INFO_DATA && kind == "vlan")
            {
                var data = new NetlinkReader(info.Value);
                while (data.Next())
                {
                    vlanId = data.Type == Libc.IFLA_VLAN_ID ? data.U16 : vlanId;
                }
            }
        }
    }
}

/// <summary>The second end of a veth pair: its name, and where it is born (<paramref name="NetNamespace"/>, or the namespace of process <paramref name="Pid"/>, else beside the first).</summary>
public sealed record VethPeer(string Name, MacAddress? Mac = null, FileDescriptor? NetNamespace = null, int? Pid = null);
