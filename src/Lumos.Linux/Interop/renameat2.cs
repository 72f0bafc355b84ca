using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const uint RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int renameat2(int fromDirectory, byte* from, int toDirectory, byte* to, uint flags);
}
