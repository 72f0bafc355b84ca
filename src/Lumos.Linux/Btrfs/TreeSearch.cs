using System.Text;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Btrfs;

/// <summary>An extent of data that a subvolume refers to.</summary>
/// <param name="Bytes">On the disk.</param>
/// <param name="Generation">The transaction that allocated it.</param>
public readonly record struct DataExtent(long Bytes, ulong Generation);

/// <summary>Looks into the file system's own trees. Each look costs a walk over what is in the range asked for.</summary>
public static unsafe class TreeSearch
{
    private const int BufferSize = 1 << 18;

    private delegate void Found(Libc.btrfs_ioctl_search_header header, ReadOnlySpan<byte> item);

    /// <summary>
    /// A subvolume's extents of data by address, each once however often it is referred to. Small files that live within the
    /// tree are no extents.
    /// </summary>
    /// <param name="subvolume">Its path.</param>
    /// <param name="since">Only what was allocated after this transaction; parts of the tree that are older are not looked at.</param>
    public static Dictionary<ulong, DataExtent> Extents(string subvolume, ulong since = 0)
    {
        var extents = new Dictionary<ulong, DataExtent>();
        Search(subvolume, 0, Libc.BTRFS_EXTENT_DATA_KEY, Libc.BTRFS_EXTENT_DATA_KEY, 0, ulong.MaxValue, since, (_, bytes) =>
        {
            fixed (byte* p = bytes)
            {
                var item = (Libc.btrfs_file_extent_item*)p;
                if (item->type != 0 && item->disk_bytenr != 0 /* a hole */ && item->generation > since)
                {
                    extents[item->disk_bytenr] = new DataExtent((long)item->disk_num_bytes, item->generation);
                }
            }
        });
        return extents;
    }

    /// <summary>
    /// The number of every subvolume that lies in the one of a directory, by the inode of its own directory and its name. One look, where
    /// each by itself would have to be opened.
    /// </summary>
    public static Dictionary<(ulong Directory, string Name), ulong> Subvolumes(string within)
    {
        ulong parent = Subvolume.Info(within).TreeId;
        var numbers = new Dictionary<(ulong, string), ulong>();
        Search(within, Libc.BTRFS_ROOT_TREE_OBJECTID, Libc.BTRFS_ROOT_BACKREF_KEY, Libc.BTRFS_ROOT_BACKREF_KEY, 0, ulong.MaxValue, 0, (header, bytes) =>
        {
            fixed (byte* p = bytes)
            {
                var item = (Libc.btrfs_root_ref*)p;
                if (header.offset == parent)
                {
                    numbers[(item->dirid, Encoding.UTF8.GetString(bytes.Slice(sizeof(Libc.btrfs_root_ref), item->name_len)))] = header.objectid;
                }
            }
        });
        return numbers;
    }

    /// <summary>
    /// An extended attribute of all files of a folder, by the files' names, in one look, where each by itself takes the file system some 20
    /// microseconds. What else its subvolume holds is looked over as well, so there is a limit.
    /// </summary>
    /// <param name="mostKeys">How much is looked over: a file has three keys, and each name in a folder two.</param>
    /// <returns>Null: there is more.</returns>
    public static Dictionary<string, byte[]>? Attributes(string folder, string attribute, long mostKeys)
    {
        ulong directory = FileStatus.Of(folder).Inode;
        byte[] wanted = Encoding.UTF8.GetBytes(attribute);
        var values = new Dictionary<string, byte[]>();
        (ulong Inode, string Name)? file = null;
        bool all = Search(folder, 0, Libc.BTRFS_INODE_REF_KEY, Libc.BTRFS_XATTR_ITEM_KEY, 0, ulong.MaxValue, 0, (header, bytes) =>
        {
            fixed (byte* p = bytes)
            {
                if (header.type == Libc.BTRFS_INODE_REF_KEY && header.offset == directory && header.objectid != directory)
                {
                    file = (header.objectid, Encoding.UTF8.GetString(bytes.Slice(sizeof(Libc.btrfs_inode_ref), ((Libc.btrfs_inode_ref*)p)->name_len)));
                }
                else if (header.type == Libc.BTRFS_XATTR_ITEM_KEY && file is { } of && of.Inode == header.objectid && ValueOf(bytes, wanted) is { } value)
                {
                    values[of.Name] = value;
                }
            }
        }, mostKeys);
        return all ? values : null;
    }

    // Attributes whose names have the same hash share an item.
    private static byte[]? ValueOf(ReadOnlySpan<byte> item, ReadOnlySpan<byte> name)
    {
        while (item.Length >= sizeof(Libc.btrfs_dir_item))
        {
            fixed (byte* p = item)
            {
                var entry = (Libc.btrfs_dir_item*)p;
                var rest = item[sizeof(Libc.btrfs_dir_item)..];
                if (rest[..entry->name_len].SequenceEqual(name))
                {
                    return rest.Slice(entry->name_len, entry->data_len).ToArray();
                }
                item = rest[(entry->name_len + entry->data_len)..];
            }
        }
        return null;
    }

    /// <summary>What each quota group holds, in bytes, by number; empty where quotas are not on.</summary>
    public static Dictionary<ulong, long> GroupUsage(string anywhere)
    {
        var usage = new Dictionary<ulong, long>();
        TryQuotaTree(anywhere, Libc.BTRFS_QGROUP_INFO_KEY, 0, 0, (header, bytes) =>
        {
            fixed (byte* p = bytes)
            {
                usage[header.offset] = Math.Max(0, (long)((Libc.btrfs_qgroup_info_item*)p)->rfer);
            }
        });
        return usage;
    }

    /// <summary>Whether simple quotas are on.</summary>
    public static bool HasGroups(string anywhere)
    {
        const ulong on = 1, simple = 8;
        bool found = false;
        TryQuotaTree(anywhere, Libc.BTRFS_QGROUP_STATUS_KEY, 0, 0, (_, bytes) =>
        {
            // version, generation, flags: little-endian numbers of 64 bits
            ulong flags = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
            found |= (flags & (on | simple)) == (on | simple);
        });
        return found;
    }

    /// <summary>Which quota group lies in which: pairs of member and group.</summary>
    public static HashSet<(ulong Member, ulong Group)> GroupRelations(string anywhere)
    {
        var relations = new HashSet<(ulong, ulong)>();
        TryQuotaTree(anywhere, Libc.BTRFS_QGROUP_RELATION_KEY, 0, ulong.MaxValue, (header, _) =>
        {
            // Each is stored both ways; the group is the one of the higher level, which is in the upper bits.
            if (header.objectid < header.offset)
            {
                relations.Add((header.objectid, header.offset));
            }
        });
        return relations;
    }

    private static void TryQuotaTree(string anywhere, uint type, ulong first, ulong last, Found found)
    {
        try
        {
            Search(anywhere, Libc.BTRFS_QUOTA_TREE_OBJECTID, type, type, first, last, 0, found);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            // No quota tree: quotas were never turned on.
        }
    }

    /// <returns>False: it was given up after so many keys.</returns>
    private static bool Search(
        string anywhere, ulong tree, uint firstType, uint lastType, ulong firstObject, ulong lastObject, ulong since, Found found, long mostKeys = long.MaxValue)
    {
        using var fd = FileDescriptorIo.Open(anywhere, OpenFlags.ReadOnly | OpenFlags.Directory);
        byte[] memory = new byte[sizeof(Libc.btrfs_ioctl_search_args_v2) + BufferSize];
        fixed (byte* p = memory)
        {
            var args = (Libc.btrfs_ioctl_search_args_v2*)p;
            args->key = new Libc.btrfs_ioctl_search_key
            {
                tree_id = tree,
                min_objectid = firstObject,
                max_objectid = lastObject,
                max_offset = ulong.MaxValue,
                min_transid = since,
                max_transid = ulong.MaxValue,
                min_type = firstType,
                max_type = lastType,
            };
            while (true)
            {
                args->key.nr_items = uint.MaxValue;
                args->buf_size = BufferSize;
                _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_TREE_SEARCH_V2, args), $"search a tree of {anywhere}");
                if (args->key.nr_items == 0)
                {
                    return true;
                }
                mostKeys -= args->key.nr_items;
                if (mostKeys < 0)
                {
                    return false;
                }
                byte* at = p + sizeof(Libc.btrfs_ioctl_search_args_v2);
                Libc.btrfs_ioctl_search_header header = default;
                for (uint i = 0; i < args->key.nr_items; i++)
                {
                    header = *(Libc.btrfs_ioctl_search_header*)at;
                    at += sizeof(Libc.btrfs_ioctl_search_header);
                    // The range is one of whole keys, so other types lie within it.
                    if (header.type >= firstType && header.type <= lastType)
                    {
                        found(header, new ReadOnlySpan<byte>(at, (int)header.len));
                    }
                    at += header.len;
                }
                if (!Next(ref args->key, header))
                {
                    return true;
                }
            }
        }
    }

    /// <summary>The key after the last one found; false when there is none.</summary>
    private static bool Next(ref Libc.btrfs_ioctl_search_key key, Libc.btrfs_ioctl_search_header last)
    {
        (key.min_objectid, key.min_type, key.min_offset) = (last.objectid, last.type, last.offset + 1);
        if (key.min_offset == 0)
        {
            key.min_type++;
            if (key.min_type > 255)
            {
                key.min_type = 0;
                return ++key.min_objectid != 0;
            }
        }
        return true;
    }
}
