using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int P_ALL = 0, P_PID = 1, P_PIDFD = 3;
    internal const int WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x01000000;
    internal const int CLD_EXITED = 1;

    /// <summary>The part of siginfo_t that SIGCHLD fills; 128 bytes in all.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct siginfo_t
    {
        internal int si_signo, si_errno, si_code, pad;
        internal int si_pid, si_uid, si_status;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int waitid(int idtype, int id, siginfo_t* info, int options);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial long syscall(long number, long a, long b, long c, long d);

    internal const long SYS_pidfd_open = 434, SYS_pidfd_send_signal = 424;
}
