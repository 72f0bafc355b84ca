using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    [LibraryImport(Name)]
    internal static partial uint umask(uint mask);

    internal const int PRIO_PROCESS = 0;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int setpriority(int which, uint who, int value);

    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chdir(string path);

    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chroot(string path);
}
