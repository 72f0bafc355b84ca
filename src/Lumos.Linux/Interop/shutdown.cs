using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int SHUT_WR = 1;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int shutdown(int fd, int how);
}
