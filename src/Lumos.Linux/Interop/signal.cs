using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Only ever with SIG_DFL (0) or SIG_IGN (1): managed code must not run as a handler.</summary>
    [LibraryImport(Name, SetLastError = true)]
    internal static partial nint signal(int number, nint handler);
}
