using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const uint STATX_BASIC_STATS = 0x7ff;

    internal const uint S_IFMT = 0xf000, S_IFDIR = 0x4000, S_IFREG = 0x8000, S_IFLNK = 0xa000, S_IFCHR = 0x2000, S_IFBLK = 0x6000,
        S_IFIFO = 0x1000, S_IFSOCK = 0xc000;

    [StructLayout(LayoutKind.Sequential)]
    internal struct statx_timestamp
    {
        internal long tv_sec;
        internal uint tv_nsec;
        internal int padding;
    }

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct statx
    {
        internal uint stx_mask, stx_blksize;
        internal ulong stx_attributes;
        internal uint stx_nlink, stx_uid, stx_gid;
        internal ushort stx_mode, padding;
        internal ulong stx_ino, stx_size, stx_blocks, stx_attributes_mask;
        internal statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
        internal uint stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
        internal ulong stx_mnt_id;
    }

    [LibraryImport(Name, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx_at(int directory, string path, int flags, uint mask, statx* buffer);
}
