using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

/// <summary>OpenZFS's stable library over /dev/zfs. Its functions return an error number, not -1.</summary>
internal static partial class LibZfsCore
{
    private const string Name = "libzfs_core.so.3";

    [LibraryImport(Name)]
    internal static partial int libzfs_core_init();

    [LibraryImport(Name)]
    internal static partial void libzfs_core_fini();

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int lzc_rename(string source, string target);
}
