using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;

    /// <summary>Returns the error itself. The set is sigset_t, 128 bytes of which the kernel uses 8.</summary>
    [LibraryImport(Name)]
    internal static partial int pthread_sigmask(int how, ulong* set, ulong* old);
}
