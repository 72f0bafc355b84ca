using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>Resource limits of processes that are not ours.</summary>
public static unsafe class ProcessLimits
{
    /// <summary>Sets how much memory a process may lock; what it makes from now on inherits it.</summary>
    /// <returns>False: there is no such process any more, or we run in a container that took the right to do this away.</returns>
    public static bool TrySetLockedMemory(int pid, ulong bytes)
    {
        var limit = new Libc.rlimit { rlim_cur = bytes, rlim_max = bytes };
        if (Libc.prlimit(pid, Libc.RLIMIT_MEMLOCK, &limit, null) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno is Errno.ESRCH or Errno.EPERM ? false : throw new ErrnoException($"set the limit memlock of process {pid} to {bytes}", errno);
    }

    /// <summary>How much memory a process may lock; null: there is no such process any more.</summary>
    public static ulong? LockedMemory(int pid)
    {
        Libc.rlimit limit;
        return Libc.prlimit(pid, Libc.RLIMIT_MEMLOCK, null, &limit) == 0 ? limit.rlim_max
            : SystemCall.LastErrno is var errno && errno == Errno.ESRCH ? null : throw new ErrnoException($"limits of process {pid}", errno);
    }
}
