using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Name, SetLastError = true)]
    internal static partial int posix_openpt(int flags);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int grantpt(int fd);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int unlockpt(int fd);

    /// <summary>Returns the error itself.</summary>
    [LibraryImport(Name)]
    internal static partial int ptsname_r(int fd, byte* buffer, nuint size);
}
