using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    [LibraryImport(Name, SetLastError = true)]
    internal static partial int syncfs(int fd);
}
