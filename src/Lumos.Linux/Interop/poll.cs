using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const short POLLIN = 1;

    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        internal int fd;
        internal short events, revents;
    }

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int poll(pollfd* descriptors, ulong count, int milliseconds);
}
