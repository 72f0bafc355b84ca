using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    internal const ulong RESOLVE_NO_XDEV = 1, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_NO_SYMLINKS = 4, RESOLVE_BENEATH = 8,
        RESOLVE_IN_ROOT = 16;

    [StructLayout(LayoutKind.Sequential)]
    internal struct open_how
    {
        internal ulong flags, mode, resolve;
    }
}
