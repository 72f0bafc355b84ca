using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    /// <summary>For calls that the C library does not wrap (or not in the oldest release that we build on).</summary>
    [LibraryImport(Name, SetLastError = true)]
    internal static partial long syscall(long number, long a, long b, long c, long d, long e);

    internal const long SYS_setresuid = 117, SYS_open_tree = 428, SYS_move_mount = 429, SYS_openat2 = 437, SYS_mount_setattr = 442;
}
