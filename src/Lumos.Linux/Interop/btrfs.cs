using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const ulong BTRFS_IOC_SNAP_CREATE_V2 = 0x50009417, BTRFS_IOC_SUBVOL_CREATE_V2 = 0x50009418,
        BTRFS_IOC_SNAP_DESTROY_V2 = 0x5000943f, BTRFS_IOC_SUBVOL_GETFLAGS = 0x80089419, BTRFS_IOC_SUBVOL_SETFLAGS = 0x4008941a,
        BTRFS_IOC_GET_SUBVOL_INFO = 0x81f8943c, BTRFS_IOC_TREE_SEARCH_V2 = 0xc0709411, BTRFS_IOC_SEND = 0x40489426,
        BTRFS_IOC_FS_INFO = 0x8400941f, BTRFS_IOC_QUOTA_CTL = 0xc0109428, BTRFS_IOC_QGROUP_ASSIGN = 0x40189429,
        BTRFS_IOC_QGROUP_CREATE = 0x4010942a, BTRFS_IOC_QGROUP_LIMIT = 0x8030942b;

    internal const ulong BTRFS_SUBVOL_RDONLY = 2, BTRFS_SUBVOL_QGROUP_INHERIT = 4, BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA = 4,
        BTRFS_QGROUP_LIMIT_MAX_RFER = 1, BTRFS_ROOT_TREE_OBJECTID = 1, BTRFS_QUOTA_TREE_OBJECTID = 8;

    internal const uint BTRFS_INODE_REF_KEY = 12, BTRFS_XATTR_ITEM_KEY = 24, BTRFS_EXTENT_DATA_KEY = 108, BTRFS_ROOT_BACKREF_KEY = 144, BTRFS_QGROUP_STATUS_KEY = 240, BTRFS_QGROUP_INFO_KEY = 242,
        BTRFS_QGROUP_RELATION_KEY = 246;

    internal const int BTRFS_QGROUP_LEVEL_SHIFT = 48;

    /// <summary>The union of names and numbers is declared as what we use of it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_vol_args_v2
    {
        internal long fd;
        internal ulong transid, flags, size;
        internal btrfs_qgroup_inherit* qgroup_inherit;
        internal fixed ulong padding[2];
        internal fixed byte name[4040];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_qgroup_limit
    {
        internal ulong flags, max_rfer, max_excl, rsv_rfer, rsv_excl;
    }

    /// <summary>Followed by num_qgroups numbers.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_qgroup_inherit
    {
        internal ulong flags, num_qgroups, num_ref_copies, num_excl_copies;
        internal btrfs_qgroup_limit lim;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_timespec
    {
        internal ulong sec;
        internal uint nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_get_subvol_info_args
    {
        internal ulong treeid;
        internal fixed byte name[256];
        internal ulong parent_id, dirid, generation, flags;
        internal fixed byte uuid[16];
        internal fixed byte parent_uuid[16];
        internal fixed byte received_uuid[16];
        internal ulong ctransid, otransid, stransid, rtransid;
        internal btrfs_ioctl_timespec ctime, otime, stime, rtime;
        internal fixed ulong reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_search_key
    {
        internal ulong tree_id, min_objectid, max_objectid, min_offset, max_offset, min_transid, max_transid;
        internal uint min_type, max_type, nr_items, unused;
        internal ulong unused1, unused2, unused3, unused4;
    }

    /// <summary>Followed by buf_size bytes for the items found.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_search_args_v2
    {
        internal btrfs_ioctl_search_key key;
        internal ulong buf_size;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_search_header
    {
        internal ulong transid, objectid, offset;
        internal uint type, len;
    }

    /// <summary>Packed little-endian numbers on the disk.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_file_extent_item
    {
        internal ulong generation, ram_bytes;
        internal byte compression, encryption;
        internal ushort other_encoding;
        internal byte type;
        internal ulong disk_bytenr, disk_num_bytes, offset, num_bytes;
    }

    /// <summary>The name comes after it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_inode_ref
    {
        internal ulong index;
        internal ushort name_len;
    }

    /// <summary>Name and data come after it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_dir_item
    {
        internal btrfs_disk_key location;
        internal ulong transid;
        internal ushort data_len, name_len;
        internal byte type;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_disk_key
    {
        internal ulong objectid;
        internal byte type;
        internal ulong offset;
    }

    /// <summary>The name comes after it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_root_ref
    {
        internal ulong dirid, sequence;
        internal ushort name_len;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct btrfs_qgroup_info_item
    {
        internal ulong generation, rfer, rfer_cmpr, excl, excl_cmpr;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_send_args
    {
        internal long send_fd;
        internal ulong clone_sources_count;
        internal ulong* clone_sources;
        internal ulong parent_root, flags;
        internal uint version;
        internal fixed byte reserved[28];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_fs_info_args
    {
        internal ulong max_id, num_devices;
        internal fixed byte fsid[16];
        internal uint nodesize, sectorsize, clone_alignment;
        internal ushort csum_type, csum_size;
        internal ulong flags, generation;
        internal fixed byte metadata_uuid[16];
        internal fixed byte reserved[944];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_quota_ctl_args
    {
        internal ulong cmd, status;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_qgroup_assign_args
    {
        internal ulong assign, src, dst;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_qgroup_create_args
    {
        internal ulong create, qgroupid;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct btrfs_ioctl_qgroup_limit_args
    {
        internal ulong qgroupid;
        internal btrfs_qgroup_limit lim;
    }
}
