using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const uint LO_FLAGS_READ_ONLY = 1, LO_FLAGS_AUTOCLEAR = 4, LO_FLAGS_DIRECT_IO = 16;

    [StructLayout(LayoutKind.Sequential)]
    internal struct loop_info64
    {
        internal ulong lo_device, lo_inode, lo_rdevice, lo_offset, lo_sizelimit;
        internal uint lo_number, lo_encrypt_type, lo_encrypt_key_size, lo_flags;
        internal fixed byte lo_file_name[64];
        internal fixed byte lo_crypt_name[64];
        internal fixed byte lo_encrypt_key[32];
        internal fixed ulong lo_init[2];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct loop_config
    {
        internal uint fd, block_size;
        internal loop_info64 info;
        internal fixed ulong padding[8];
    }
}
