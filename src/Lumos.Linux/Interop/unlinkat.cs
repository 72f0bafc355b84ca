using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlinkat(int directory, string path, int flags);

    /// <summary>With a name as bytes: names on a disk need not be UTF-8.</summary>
    [LibraryImport(Name, SetLastError = true)]
    internal static partial int unlinkat(int directory, byte* path, int flags);
}
