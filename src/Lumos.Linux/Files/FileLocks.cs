using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>flock(2): a lock on an open file that the kernel drops when its holder ends, however it ends.</summary>
public static class FileLocks
{
    /// <summary>Takes the exclusive lock if nobody holds it.</summary>
    public static bool TryLock(FileDescriptor fd)
    {
        if (Libc.flock(fd.Number, Libc.LOCK_EX | Libc.LOCK_NB) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.EAGAIN || errno == Errno.EINTR ? false : throw new ErrnoException("flock", errno);
    }

    /// <summary>Waits for the exclusive lock.</summary>
    public static void Lock(FileDescriptor fd) =>
        _ = SystemCall.Retry(() => Libc.flock(fd.Number, Libc.LOCK_EX), "flock");
}
