using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

/// <summary>libcrypt, which hashes passwords for the C library's logins; both results are static memory of its own.</summary>
internal static unsafe partial class LibCrypt
{
    private const string Name = "libcrypt.so.1";

    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* crypt_gensalt(string prefix, uint count, byte* random, int length);

    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* crypt(string key, byte* setting);
}
