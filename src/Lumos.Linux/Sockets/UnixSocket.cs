using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Sockets;

/// <summary>Stream keeps no message bounds; Packet (SOCK_SEQPACKET) does.</summary>
public enum UnixSocketKind
{
    Stream = Libc.SOCK_STREAM,
    Packet = Libc.SOCK_SEQPACKET,
}

/// <summary>Who is at the other end, as the kernel knows it (SO_PEERCRED), at the time it connected.</summary>
public readonly record struct PeerCredentials(int Pid, uint User, uint Group);

/// <summary>Local sockets by path, with descriptors passed along (SCM_RIGHTS).</summary>
public sealed unsafe class UnixSocket : IDisposable
{
    private const int MostDescriptors = 16;

    private UnixSocket(FileDescriptor fd) => Descriptor = fd;

    public FileDescriptor Descriptor { get; }

    /// <summary>Takes over a connected or listening descriptor.</summary>
    public static UnixSocket From(FileDescriptor fd) => new(fd);

    /// <summary>Listens at a path, replacing a socket left there by a dead predecessor; accepting never blocks.</summary>
    /// <param name="mode">Permission bits of the socket: who may connect.</param>
    public static UnixSocket Listen(string path, UnixSocketKind kind = UnixSocketKind.Stream, int mode = 0x180)
    {
        var socket = Create(kind, Libc.SOCK_NONBLOCK);
        try
        {
            _ = Libc.unlink(path);
            WithAddress(path, (address, length) =>
                _ = SystemCall.Checked(Libc.bind(socket.Descriptor.Number, (void*)address, length), $"listen at {path}"));
            File.SetUnixFileMode(path, (UnixFileMode)mode);
            _ = SystemCall.Checked(Libc.listen(socket.Descriptor.Number, 128), $"listen at {path}");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects.</summary>
    /// <param name="nonBlocking">What is sent and received afterwards never blocks; nor does this: EAGAIN when many wait to be accepted.</param>
    /// <exception cref="ErrnoException">ENOENT: no socket; ECONNREFUSED: nobody listens.</exception>
    public static UnixSocket Connect(string path, UnixSocketKind kind = UnixSocketKind.Stream, bool nonBlocking = false)
    {
        var socket = Create(kind, nonBlocking ? Libc.SOCK_NONBLOCK : 0);
        try
        {
            WithAddress(path, (address, length) => _ = SystemCall.Retry(
                () => Libc.connect(socket.Descriptor.Number, (void*)address, length), $"connect to {path}"));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Two ends joined to each other.</summary>
    public static (UnixSocket First, UnixSocket Second) Pair(UnixSocketKind kind = UnixSocketKind.Stream)
    {
        int* ends = stackalloc int[2];
        _ = SystemCall.Checked(Libc.socketpair(Libc.AF_UNIX, (int)kind | Libc.SOCK_CLOEXEC, 0, ends), "socketpair");
        return (new UnixSocket(new FileDescriptor(ends[0])), new UnixSocket(new FileDescriptor(ends[1])));
    }

    /// <summary>Takes a waiting connection (blocking unless said otherwise); null when none waits.</summary>
    public UnixSocket? Accept(bool nonBlocking = false)
    {
        while (true)
        {
            int fd = Libc.accept4(Descriptor.Number, null, null, Libc.SOCK_CLOEXEC | (nonBlocking ? Libc.SOCK_NONBLOCK : 0));
            if (fd >= 0)
            {
                return new UnixSocket(new FileDescriptor(fd));
            }
            int errno = SystemCall.LastErrno;
            if (errno == Errno.EAGAIN)
            {
                return null;
            }
            if (errno is not (Errno.EINTR or Errno.ECONNABORTED))
            {
                throw new ErrnoException("accept", errno);
            }
        }
    }

    /// <summary>Who is at the other end.</summary>
    public PeerCredentials Peer()
    {
        Libc.ucred credentials;
        uint length = (uint)sizeof(Libc.ucred);
        _ = SystemCall.Checked(
            Libc.getsockopt(Descriptor.Number, Libc.SOL_SOCKET, Libc.SO_PEERCRED, &credentials, &length), "SO_PEERCRED");
        return new PeerCredentials(credentials.pid, credentials.uid, credentials.gid);
    }

    /// <summary>Sends bytes (at least one) and descriptors. The count sent; −1 when a non-blocking socket is full. EPIPE throws.</summary>
    public int Send(ReadOnlySpan<byte> bytes, params ReadOnlySpan<FileDescriptor> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MostDescriptors);
        byte* control = stackalloc byte[sizeof(Libc.cmsghdr) + (MostDescriptors * sizeof(int))];
        fixed (byte* p = bytes)
        {
            var iov = new Libc.iovec { iov_base = p, iov_len = (nuint)bytes.Length };
            var message = new Libc.msghdr { msg_iov = &iov, msg_iovlen = 1 };
            if (!descriptors.IsEmpty)
            {
                var header = (Libc.cmsghdr*)control;
                header->cmsg_len = (nuint)(sizeof(Libc.cmsghdr) + (descriptors.Length * sizeof(int)));
                header->cmsg_level = Libc.SOL_SOCKET;
                header->cmsg_type = Libc.SCM_RIGHTS;
                int* numbers = (int*)(control + sizeof(Libc.cmsghdr));
                for (int i = 0; i < descriptors.Length; i++)
                {
                    numbers[i] = descriptors[i].Number;
                }
                message.msg_control = control;
                message.msg_controllen = Aligned(header->cmsg_len);
            }
            while (true)
            {
                nint sent = Libc.sendmsg(Descriptor.Number, &message, Libc.MSG_NOSIGNAL);
                if (sent >= 0)
                {
                    return (int)sent;
                }
                int errno = SystemCall.LastErrno;
                if (errno == Errno.EAGAIN)
                {
                    return -1;
                }
                if (errno != Errno.EINTR)
                {
                    throw new ErrnoException("sendmsg", errno);
                }
            }
        }
    }

    /// <summary>
    /// Receives bytes and any descriptors sent with them, which are the caller's to close. 0: the other end closed;
    /// −1: a non-blocking socket has nothing now.
    /// </summary>
    public int Receive(Span<byte> buffer, out IReadOnlyList<FileDescriptor> descriptors)
    {
        byte* control = stackalloc byte[sizeof(Libc.cmsghdr) + (MostDescriptors * sizeof(int))];
        descriptors = [];
        fixed (byte* p = buffer)
        {
            var iov = new Libc.iovec { iov_base = p, iov_len = (nuint)buffer.Length };
            while (true)
            {
                var message = new Libc.msghdr
                {
                    msg_iov = &iov, msg_iovlen = 1, msg_control = control,
                    msg_controllen = (nuint)(sizeof(Libc.cmsghdr) + (MostDescriptors * sizeof(int))),
                };
                nint got = Libc.recvmsg(Descriptor.Number, &message, Libc.MSG_CMSG_CLOEXEC);
                if (got >= 0)
                {
                    descriptors = Collect(control, message.msg_controllen);
                    return (int)got;
                }
                int errno = SystemCall.LastErrno;
                if (errno == Errno.EAGAIN)
                {
                    return -1;
                }
                if (errno != Errno.EINTR)
                {
                    throw new ErrnoException("recvmsg", errno);
                }
            }
        }
    }

    /// <summary>Sends no more: the other end reads the end of it, and can still send.</summary>
    public void ShutDownSending() => _ = SystemCall.Checked(Libc.shutdown(Descriptor.Number, Libc.SHUT_WR), "shutdown");

    public void Dispose() => Descriptor.Dispose();

    private static UnixSocket Create(UnixSocketKind kind, int flags) => new(new FileDescriptor(SystemCall.Checked(
        Libc.socket(Libc.AF_UNIX, (int)kind | Libc.SOCK_CLOEXEC | flags, 0), "socket")));

    private static List<FileDescriptor> Collect(byte* control, nuint length)
    {
        var found = new List<FileDescriptor>();
        for (nuint at = 0; at + (nuint)sizeof(Libc.cmsghdr) <= length;)
        {
            var header = (Libc.cmsghdr*)(control + at);
            if (header->cmsg_len < (nuint)sizeof(Libc.cmsghdr))
            {
                break;
            }
            if (header->cmsg_level == Libc.SOL_SOCKET && header->cmsg_type == Libc.SCM_RIGHTS)
            {
                int count = (int)(header->cmsg_len - (nuint)sizeof(Libc.cmsghdr)) / sizeof(int);
                int* numbers = (int*)(control + at + sizeof(Libc.cmsghdr));
                for (int i = 0; i < count; i++)
                {
                    found.Add(new FileDescriptor(numbers[i]));
                }
            }
            at += Aligned(header->cmsg_len);
        }
        return found;
    }

    private static nuint Aligned(nuint length) => (length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);

    private static void WithAddress(string path, Action<nint, uint> call)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        var address = new Libc.sockaddr_un { sun_family = Libc.AF_UNIX };
        if (name.Length >= 108)
        {
            throw new ErrnoException($"socket path {path} is longer than 107 bytes", Errno.ENAMETOOLONG);
        }
        name.CopyTo(new Span<byte>(address.sun_path, 108));
        call((nint)(&address), (uint)(sizeof(ushort) + name.Length + 1));
    }
}
