using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, FD_CLOEXEC = 1;

    internal const int F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38;

    internal const short F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;

    /// <summary>struct flock, whose name is that of a function here.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct range_lock
    {
        internal short l_type, l_whence;
        internal long l_start, l_len;
        internal int l_pid;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, range_lock* argument);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, long argument);
}
