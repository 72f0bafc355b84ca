using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Polling;

/// <summary>A wait for one descriptor, for who has no loop.</summary>
public static unsafe class Readiness
{
    /// <summary>Waits until there is something to read (an end counts). False: the time is up.</summary>
    public static bool IsReadable(FileDescriptor fd, TimeSpan timeout)
    {
        long until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            var what = new Libc.pollfd { fd = fd.Number, events = Libc.POLLIN };
            long left = Math.Max(0, until - Environment.TickCount64);
            int ready = Libc.poll(&what, 1, (int)Math.Min(left, int.MaxValue));
            if (ready >= 0)
            {
                return ready > 0;
            }
            int errno = SystemCall.LastErrno;
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException($"poll of descriptor {fd.Number}", errno);
            }
        }
    }
}
