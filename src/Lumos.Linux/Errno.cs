using System.Runtime.InteropServices;

namespace Lumos.Linux;

/// <summary>errno values by their header names; the numbers are x86_64's and arm64's alike.</summary>
public static class Errno
{
    public const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, EBADF = 9, ECHILD = 10,
        EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16, EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21,
        EINVAL = 22, EMFILE = 24, ENOTTY = 25, EFBIG = 27, ENOSPC = 28, EROFS = 30, EMLINK = 31, EPIPE = 32, ERANGE = 34, ENAMETOOLONG = 36, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40,
        EOPNOTSUPP = 95, EDQUOT = 122, EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETUNREACH = 101, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105, ENOTCONN = 107, ETIMEDOUT = 110, ECONNREFUSED = 111;

    /// <summary>The C library's text for an errno, such as "No such file or directory".</summary>
    public static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}

/// <summary>A system call failed. The message names the call and the object; <see cref="Errno"/> says how.</summary>
public sealed class ErrnoException(string what, int errno)
    : IOException($"{what}: {Lumos.Linux.Errno.Text(errno)}", errno)
{
    public int Errno { get; } = errno;
}
