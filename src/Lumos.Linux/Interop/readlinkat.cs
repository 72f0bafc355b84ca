using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint readlinkat(int directory, string path, byte* buffer, nuint size);

    /// <inheritdoc cref="readlinkat(int, string, byte*, nuint)"/>
    [LibraryImport(Name, SetLastError = true)]
    internal static partial nint readlinkat(int directory, byte* path, byte* buffer, nuint size);
}
