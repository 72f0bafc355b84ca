using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;

    internal const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = O_CLOEXEC,
        SOCK_NONBLOCK = O_NONBLOCK;

    internal const int SOL_SOCKET = 1, SO_PEERCRED = 17, SO_RCVBUF = 8, SCM_RIGHTS = 1, MSG_CMSG_CLOEXEC = 0x40000000,
        MSG_NOSIGNAL = 0x4000, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40;

    [StructLayout(LayoutKind.Sequential)]
    internal struct sockaddr_un
    {
        internal ushort sun_family;
        internal fixed byte sun_path[108];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ucred
    {
        internal int pid;
        internal uint uid, gid;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int bind(int fd, void* address, uint length);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int connect(int fd, void* address, uint length);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int accept4(int fd, void* address, uint* length, int flags);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int getsockopt(int fd, int level, int option, void* value, uint* length);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int socketpair(int family, int type, int protocol, int* ends);
}
