using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int EFD_CLOEXEC = O_CLOEXEC, EFD_NONBLOCK = O_NONBLOCK;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);
}
