using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int TCSANOW = 0, TCSADRAIN = 1, TCSAFLUSH = 2;

    [StructLayout(LayoutKind.Sequential)]
    internal struct termios
    {
        internal uint c_iflag, c_oflag, c_cflag, c_lflag;
        internal byte c_line;
        internal fixed byte c_cc[32];
        internal uint c_ispeed, c_ospeed;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int tcgetattr(int fd, termios* state);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int tcsetattr(int fd, int when, termios* state);

    [LibraryImport(Name)]
    internal static partial void cfmakeraw(termios* state);

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int isatty(int fd);
}
