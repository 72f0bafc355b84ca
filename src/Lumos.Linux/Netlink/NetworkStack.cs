using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

/// <summary>
/// The links, addresses and routes of one network namespace.
/// </summary>
/// <remarks>
/// Vocabulary: a veth is a pair of links, each the other's wire; either end can be born in, or moved to, another namespace
/// (a zone's), where it has an index of its own. A bridge is a link that others have as their master.
/// Nothing is kept here: each question is asked of the kernel, each change is acknowledged by it or thrown as
/// ErrnoException with the kernel's own words. Deleting a namespace deletes the links in it (and a veth's other end).
/// Not for several threads at once. Tested against the real kernel in namespaces made for the test.
/// </remarks>
public sealed partial class NetworkStack : IDisposable
{
    private readonly NetlinkSocket _socket;

    private NetworkStack(NetlinkSocket socket) => _socket = socket;

    /// <summary>Of the calling thread's network namespace.</summary>
    public static NetworkStack Open() => new(NetlinkSocket.Open());

    /// <summary>Of another network namespace; no thread of ours stays there.</summary>
    public static NetworkStack OpenIn(FileDescriptor netNamespace) => new(NetlinkSocket.OpenIn(netNamespace));

    /// <summary>Of the network namespace a process is in.</summary>
    public static NetworkStack OpenIn(int pid)
    {
        using var net = Namespaces.Namespace.Open(pid, Namespaces.NamespaceKinds.Net);
        return OpenIn(net);
    }

    public void Dispose() => _socket.Dispose();

    private const ushort Change = Libc.NLM_F_REQUEST | Libc.NLM_F_ACK;

    private const ushort Create = Change | Libc.NLM_F_CREATE | Libc.NLM_F_EXCL;

    private const ushort List = Libc.NLM_F_REQUEST | Libc.NLM_F_DUMP;
}
