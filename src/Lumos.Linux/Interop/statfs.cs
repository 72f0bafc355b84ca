using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    /// <summary>64-bit layout.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct statfs
    {
        internal long f_type, f_bsize;
        internal ulong f_blocks, f_bfree, f_bavail, f_files, f_ffree;
        internal fixed int f_fsid[2];
        internal long f_namelen, f_frsize, f_flags;
        internal fixed long f_spare[4];
    }

    [LibraryImport(Name, EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statfs_path(string path, statfs* buffer);
}
