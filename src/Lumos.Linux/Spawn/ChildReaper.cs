using Lumos.Linux.Interop;

namespace Lumos.Linux.Spawn;

/// <summary>The end of any child, for a process that inherits orphans (PID 1). One that still waits can be looked at first.</summary>
public static unsafe class ChildReaper
{
    /// <summary>The number of a child that has ended and waits to be reaped; null: none now.</summary>
    public static int? Peek()
    {
        Libc.siginfo_t info = default;
        if (Libc.waitid(Libc.P_ALL, 0, &info, Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT) != 0)
        {
            int errno = SystemCall.LastErrno;
            return errno is Errno.ECHILD or Errno.EINTR ? null : throw new ErrnoException("waitid", errno);
        }
        return info.si_pid == 0 ? null : info.si_pid;
    }

    /// <summary>Reaps the child that <see cref="Peek"/> told of.</summary>
    public static void Reap(int pid)
    {
        Libc.siginfo_t info = default;
        _ = Libc.waitid(Libc.P_PID, pid, &info, Libc.WEXITED | Libc.WNOHANG);
    }

    /// <summary>Whether there is any child left, running or not.</summary>
    public static bool HasChildren()
    {
        Libc.siginfo_t info = default;
        return Libc.waitid(Libc.P_ALL, 0, &info, Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT) == 0 || SystemCall.LastErrno != Errno.ECHILD;
    }
}
