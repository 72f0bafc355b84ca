using System.Net;
using Lumos.Core;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

public sealed partial class NetworkStack
{
    /// <summary>All addresses, or those of one link.</summary>
    public IReadOnlyList<LinkAddress> Addresses(int? linkIndex = null)
    {
        var addresses = new List<LinkAddress>();
        var message = new NetlinkWriter(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_GETADDR, List);
        message.Struct(default(Libc.ifaddrmsg));
        _socket.Dump(message, "list addresses", addresses.Clear, (type, body) =>
        {
            if (type == Libc.RTM_NEWADDR && ReadAddress(body) is { } address && (linkIndex is null || address.LinkIndex == linkIndex))
            {
                addresses.Add(address);
            }
        });
        return addresses;
    }

    /// <summary>Gives a link an address. IPv6 addresses are used at once: no search for duplicates on the wire.</summary>
    /// <exception cref="ErrnoException">EEXIST: the link has it.</exception>
    public void AddAddress(int linkIndex, IpNet net)
    {
        var message = AddressMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_NEWADDR, Create, linkIndex, net);
        if (net.IsV6)
        {
            message.Attribute(Libc.IFA_FLAGS, Libc.IFA_F_NODAD);
        }
        else if (net.PrefixLength < 31)
        {
            message.Attribute(Libc.IFA_BROADCAST, net.Broadcast.GetAddressBytes());
        }
        _socket.Request(message, $"add address {net} to link {linkIndex}");
    }

    /// <summary>Takes an address from a link.</summary>
    /// <exception cref="ErrnoException">EADDRNOTAVAIL: the link has it not.</exception>
    public void DeleteAddress(int linkIndex, IpNet net)
    {
        var message = AddressMessage(stackalloc byte[NetlinkSocket.MessageSize], Libc.RTM_DELADDR, Change, linkIndex, net);
        _socket.Request(message, $"delete address {net} from link {linkIndex}");
    }

    private static NetlinkWriter AddressMessage(Span<byte> buffer, ushort type, ushort flags, int linkIndex, IpNet net)
    {
        var message = new NetlinkWriter(buffer, type, flags);
        message.Struct(new Libc.ifaddrmsg
        {
            ifa_family = Family(net.IsV6), ifa_prefixlen = (byte)net.PrefixLength, ifa_index = (uint)linkIndex,
        });
        byte[] bytes = net.Address.GetAddressBytes();
        message.Attribute(Libc.IFA_LOCAL, bytes);
        message.Attribute(Libc.IFA_ADDRESS, bytes);
        return message;
    }

    private static LinkAddress? ReadAddress(ReadOnlySpan<byte> body)
    {
        var fixedPart = NetlinkReader.Fixed<Libc.ifaddrmsg>(body, out var attributes);
        if (fixedPart.ifa_family is not (Libc.AF_INET or Libc.AF_INET6))
        {
            return null;
        }
        IPAddress? local = null, address = null;
        uint flags = fixedPart.ifa_flags;
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case Libc.IFA_LOCAL:
                    local = new IPAddress(attributes.Value);
                    break;
                case Libc.IFA_ADDRESS:
                    address = new IPAddress(attributes.Value);
                    break;
                case Libc.IFA_FLAGS:
                    flags = attributes.U32;
                    break;
            }
        }
        // On a point-to-point link "address" is the other side's; IPv6 tells only "address" elsewhere.
        return (local ?? address) is { } own
            ? new LinkAddress(
                (int)fixedPart.ifa_index, new IpNet(own, fixedPart.ifa_prefixlen), (flags & Libc.IFA_F_PERMANENT) != 0,
                fixedPart.ifa_scope == Libc.RT_SCOPE_UNIVERSE)
            : null;
    }

    private static byte Family(bool v6) => (byte)(v6 ? Libc.AF_INET6 : Libc.AF_INET);
}
