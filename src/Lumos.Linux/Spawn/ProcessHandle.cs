using Lumos.Linux.Handles;
using Lumos.Linux.Interop;
using Lumos.Linux.Polling;

namespace Lumos.Linux.Spawn;

/// <summary>Any process of the machine, held by a pidfd, so that a later process of the same number is not taken for it.</summary>
public sealed class ProcessHandle : IDisposable
{
    private readonly FileDescriptor _pidfd;

    private ProcessHandle(int pid, FileDescriptor pidfd)
    {
        Pid = pid;
        _pidfd = pidfd;
    }

    public int Pid { get; }

    /// <summary>Readable once the process has ended.</summary>
    public FileDescriptor Descriptor => _pidfd;

    /// <summary>Null: there is no such process.</summary>
    public static ProcessHandle? TryOpen(int pid)
    {
        long fd = Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0, 0);
        if (fd >= 0)
        {
            return new ProcessHandle(pid, new FileDescriptor((int)fd));
        }
        int errno = SystemCall.LastErrno;
        // The number may by now be that of a thread of another process: EINVAL, since Linux 6.16 ENOENT.
        return errno is Errno.ESRCH or Errno.ENOENT or Errno.EINVAL ? null : throw new ErrnoException($"pidfd_open of process {pid}", errno);
    }

    /// <summary>Sends a signal; false: it has ended.</summary>
    public bool Signal(int signal)
    {
        if (Libc.syscall(Libc.SYS_pidfd_send_signal, _pidfd.Number, signal, 0, 0) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.ESRCH ? false : throw new ErrnoException($"signal {signal} to process {Pid}", errno);
    }

    /// <summary>Waits for its end, whoever its parent is; false: the time is up.</summary>
    public bool WaitForEnd(TimeSpan timeout)
    {
        using var loop = new EventLoop();
        bool ended = false;
        loop.Add(_pidfd, PollEvents.Readable, _ => ended = true);
        long deadline = Environment.TickCount64 + (long)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
        do
        {
            long left = deadline - Environment.TickCount64;
            loop.RunOnce(TimeSpan.FromMilliseconds(Math.Max(0, left)));
        }
        while (!ended && Environment.TickCount64 < deadline);
        return ended;
    }

    public void Dispose() => _pidfd.Dispose();
}
