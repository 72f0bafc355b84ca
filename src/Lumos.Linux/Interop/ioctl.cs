using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const ulong TIOCSCTTY = 0x540e, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, TIOCNOTTY = 0x5422;

    internal const ulong NS_GET_OWNER_UID = 0xb704;

    internal const ulong LOOP_CONFIGURE = 0x4c0a, LOOP_CTL_GET_FREE = 0x4c82, LOOP_CLR_FD = 0x4c01, LOOP_GET_STATUS64 = 0x4c05, LOOP_SET_CAPACITY = 0x4c07;

    [StructLayout(LayoutKind.Sequential)]
    internal struct winsize
    {
        internal ushort ws_row, ws_col, ws_xpixel, ws_ypixel;
    }

    // Variadic in C; the register convention of x86_64 and arm64 Linux is the same for one pointer or number.
    [LibraryImport(Name, SetLastError = true)]
    internal static partial int ioctl(int fd, ulong request, void* argument);
}
