using System.Runtime.CompilerServices;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;
using Lumos.Linux.Namespaces;

namespace Lumos.Linux.Netlink;

/// <summary>
/// A conversation with the kernel's rtnetlink: one request at a time, answered by an acknowledgement or a dump. The
/// socket belongs to the network namespace it was opened in, whoever uses it later.
/// </summary>
/// <remarks>
/// The kernel explains a refusal in words (extended acknowledgement): they go into the exception. A dump that
/// the kernel marks as interrupted (something changed meanwhile) is taken again, so that a list is never half old, half new.
/// Not for several threads at once.
/// </remarks>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    internal const int MessageSize = 4096;

    private const int DumpAttempts = 8;

    private readonly FileDescriptor _fd;
    private readonly byte[] _buffer = new byte[65536];
    private uint _sequence;

    private NetlinkSocket(FileDescriptor fd) => _fd = fd;

    internal delegate void MessageHandler(ushort type, ReadOnlySpan<byte> body);

    internal static NetlinkSocket Open()
    {
        int fd = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, Libc.NETLINK_ROUTE);
        var socket = new FileDescriptor(SystemCall.Checked(fd, "netlink socket"));
        int on = 1;
        foreach (int option in (ReadOnlySpan<int>)[Libc.NETLINK_EXT_ACK, Libc.NETLINK_CAP_ACK, Libc.NETLINK_GET_STRICT_CHK])
        {
            _ = SystemCall.Checked(Libc.setsockopt(fd, Libc.SOL_NETLINK, option, &on, sizeof(int)), "netlink socket");
        }
        var address = new Libc.sockaddr_nl { nl_family = Libc.AF_NETLINK };
        _ = SystemCall.Checked(Libc.bind(fd, &address, (uint)sizeof(Libc.sockaddr_nl)), "netlink socket");
        return new NetlinkSocket(socket);
    }

    internal static NetlinkSocket OpenIn(FileDescriptor netNamespace) => Namespace.RunInNet(netNamespace, Open);

    /// <summary>Sends a request and waits for its acknowledgement.</summary>
    /// <param name="what">The request in words, for the exception.</param>
    /// <param name="answer">Called for what comes before the acknowledgement.</param>
    internal void Request(NetlinkWriter message, string what, MessageHandler? answer = null)
    {
        uint sequence = ++_sequence;
        _fd.WriteAll(message.Finish(sequence));
        _ = Receive(sequence, what, answer ?? (static (_, _) => { }));
    }

    /// <summary>Sends a dump request and calls back for each object.</summary>
    internal void Dump(NetlinkWriter message, string what, Action begin, MessageHandler each)
    {
        for (int attempt = 1; ; attempt++)
        {
            begin();
            uint sequence = ++_sequence;
            _fd.WriteAll(message.Finish(sequence));
            if (Receive(sequence, what, each))
            {
                return;
            }
            if (attempt == DumpAttempts)
            {
                throw new ErrnoException($"{what} changed each time it was read", Errno.EBUSY);
            }
        }
    }

    public void Dispose() => _fd.Dispose();

    /// <summary>Reads up to the end of the answer. False: a dump was interrupted.</summary>
    private bool Receive(uint sequence, string what, MessageHandler each)
    {
        bool whole = true;
        while (true)
        {
            int got = _fd.Read(_buffer);
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, Math.Max(0, got));
            while (rest.Length >= sizeof(Libc.nlmsghdr))
            {
                var header = Unsafe.ReadUnaligned<Libc.nlmsghdr>(in rest[0]);
                if (header.nlmsg_len < sizeof(Libc.nlmsghdr) || header.nlmsg_len > rest.Length)
                {
                    throw new ErrnoException($"{what}: netlink message cut short", Errno.EIO);
                }
                var body = rest[sizeof(Libc.nlmsghdr)..(int)header.nlmsg_len];
                rest = rest[(int)Math.Min((uint)rest.Length, (header.nlmsg_len + 3) & ~3u)..];
                if (header.nlmsg_seq != sequence)
                {
                    continue; // the tail of an answer that was given up
                }
                whole &= (header.nlmsg_flags & Libc.NLM_F_DUMP_INTR) == 0;
                switch (header.nlmsg_type)
                {
                    case Libc.NLMSG_ERROR:
                    case Libc.NLMSG_DONE:
                        ThrowIfError(header, body, what);
                        return whole;
                    case Libc.NLMSG_NOOP:
                        break;
                    default:
                        each(header.nlmsg_type, body);
                        break;
                }
            }
        }
    }

    private static void ThrowIfError(Libc.nlmsghdr header, ReadOnlySpan<byte> body, string what)
    {
        int error = body.Length >= 4 ? -BitConverter.ToInt32(body) : 0;
        if (error == 0)
        {
            return;
        }
        string said = "";
        if ((header.nlmsg_flags & Libc.NLM_F_ACK_TLVS) != 0)
        {
            // An error repeats the request's header (capped), a DONE does not.
            int skip = header.nlmsg_type == Libc.NLMSG_ERROR ? 4 + sizeof(Libc.nlmsghdr) : 4;
            var attributes = new NetlinkReader(body[Math.Min(skip, body.Length)..]);
            while (attributes.Next())
            {
                if (attributes.Type == Libc.NLMSGERR_ATTR_MSG)
                {
                    said = $" ({attributes.Text})";
                }
            }
        }
        throw new ErrnoException(what + said, error);
    }
}
