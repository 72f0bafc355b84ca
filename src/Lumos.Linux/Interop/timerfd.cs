using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7, TFD_CLOEXEC = O_CLOEXEC, TFD_NONBLOCK = O_NONBLOCK;

    [StructLayout(LayoutKind.Sequential)]
    internal struct timespec
    {
        internal long tv_sec, tv_nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct itimerspec
    {
        internal timespec it_interval, it_value;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int timerfd_create(int clock, int flags);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int timerfd_settime(int fd, int flags, itimerspec* value, itimerspec* old);
}
