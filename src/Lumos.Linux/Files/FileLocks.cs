using System.Diagnostics;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>
/// flock(2): a lock on an open file that the kernel drops when its holder ends, however it ends. Who waits for it has it in turn.
/// </summary>
/// <remarks>
/// Waiters of flock itself have no order: whoever comes as the lock is let go may have it before the one that it was let go for has
/// woken up, and that one then goes to the end. Among fifty processes on a busy machine one in a hundred waits for minutes. So there is
/// a queue beside the lock, of locks on bytes of the same file (fcntl(2), open file description locks; the bytes need not be there): who
/// waits holds the byte whose number is the time it came (CLOCK_MONOTONIC), and waits until no byte below is held. The queue
/// decides about the order only: the lock is flock's, so that a waiter that is killed lets the next one up, and nothing else.
/// </remarks>
public static unsafe class FileLocks
{
    /// <summary>Takes the exclusive lock if nobody holds it or waits for it.</summary>
    public static bool TryLock(FileDescriptor fd)
    {
        if (AnyoneWaits(fd))
        {
            return false;
        }
        if (Libc.flock(fd.Number, Libc.LOCK_EX | Libc.LOCK_NB) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.EAGAIN || errno == Errno.EINTR ? false : throw new ErrnoException("flock", errno);
    }

    /// <summary>Waits for the exclusive lock. The file has to be open for writing.</summary>
    public static void Lock(FileDescriptor fd)
    {
        if (TryLock(fd))
        {
            return;
        }
        long ticket = Math.Max(1, Stopwatch.GetTimestamp());
        Range(fd, Libc.F_WRLCK, ticket, 1);
        Range(fd, Libc.F_WRLCK, 0, ticket);
        Range(fd, Libc.F_UNLCK, 0, ticket);
        _ = SystemCall.Retry(() => Libc.flock(fd.Number, Libc.LOCK_EX), "flock");
        // The byte is held as long as the lock is, so that who comes next waits for both in one.
    }

    private static bool AnyoneWaits(FileDescriptor fd)
    {
        var range = new Libc.range_lock { l_type = Libc.F_WRLCK, l_start = 0, l_len = 0 };
        _ = SystemCall.Checked(Libc.fcntl(fd.Number, Libc.F_OFD_GETLK, &range), "fcntl F_OFD_GETLK");
        return range.l_type != Libc.F_UNLCK;
    }

    private static void Range(FileDescriptor fd, short type, long start, long length) => _ = SystemCall.Retry(
        () =>
        {
            var range = new Libc.range_lock { l_type = type, l_start = start, l_len = length };
            return Libc.fcntl(fd.Number, Libc.F_OFD_SETLKW, &range);
        },
        "fcntl F_OFD_SETLKW");
}
