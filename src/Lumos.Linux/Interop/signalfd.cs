using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int SFD_NONBLOCK = O_NONBLOCK, SFD_CLOEXEC = O_CLOEXEC;

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct signalfd_siginfo
    {
        internal uint ssi_signo;
        internal int ssi_errno, ssi_code;
        internal uint ssi_pid, ssi_uid;
        internal int ssi_fd;
        internal uint ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
        internal int ssi_status;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int signalfd(int fd, ulong* mask, int flags);
}
