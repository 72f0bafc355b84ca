using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int CLONE_VM = 0x100, CLONE_PIDFD = 0x1000;

    /// <summary>Wait for any child, whatever signal its end was to send.</summary>
    internal const int __WALL = 0x40000000;

    internal const long SYS_pause = 34;

    /// <summary>The child runs a C function on a stack of its own, of which the top is given.</summary>
    [LibraryImport(Name, SetLastError = true)]
    internal static partial int clone(nint function, void* stackTop, int flags, nint argument, int* pidfd);
}
