using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    internal const int PR_SET_CHILD_SUBREAPER = 36, PR_SET_SECUREBITS = 28, SECBIT_NO_SETUID_FIXUP = 4;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);
}
