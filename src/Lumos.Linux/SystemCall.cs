using System.Runtime.InteropServices;

namespace Lumos.Linux;

/// <summary>What every call shares: errno is read on the next line, and EINTR is repeated here rather than by each caller.</summary>
internal static class SystemCall
{
    internal static int LastErrno => Marshal.GetLastPInvokeError();

    /// <summary>Passes a result through; −1 becomes an exception that names the call and its object.</summary>
    internal static int Checked(int result, string what) => result >= 0 ? result : throw new ErrnoException(what, LastErrno);

    /// <inheritdoc cref="Checked(int, string)"/>
    internal static long Checked(long result, string what) => result >= 0 ? result : throw new ErrnoException(what, LastErrno);

    /// <summary>Repeats the call while a signal interrupts it.</summary>
    internal static long Retry(Func<long> call, string what)
    {
        while (true)
        {
            long result = call();
            if (result >= 0)
            {
                return result;
            }
            int errno = LastErrno;
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException(what, errno);
            }
        }
    }
}
