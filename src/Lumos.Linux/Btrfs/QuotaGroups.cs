using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Btrfs;

/// <summary>
/// Quota groups of a btrfs file system. Level 0 holds one per subvolume, made by the kernel; groups of higher levels hold
/// groups of lower ones. Changes become durable with the next commit.
/// </summary>
public static unsafe class QuotaGroups
{
    /// <summary>The number of a group: its level in the upper 16 bits.</summary>
    public static ulong Number(int level, ulong id) => ((ulong)level << Libc.BTRFS_QGROUP_LEVEL_SHIFT) | id;

    public static int LevelOf(ulong group) => (int)(group >> Libc.BTRFS_QGROUP_LEVEL_SHIFT);

    public static ulong IdOf(ulong group) => group & ((1ul << Libc.BTRFS_QGROUP_LEVEL_SHIFT) - 1);

    /// <summary>Turns simple quotas on; false when this kernel has none (before 6.7), or quotas of the other kind are on.</summary>
    public static bool TryEnableSimple(string anywhere)
    {
        using var fd = Open(anywhere);
        var args = new Libc.btrfs_ioctl_quota_ctl_args { cmd = Libc.BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA };
        return Libc.ioctl(fd.Number, Libc.BTRFS_IOC_QUOTA_CTL, &args) == 0
            ? true
            : SystemCall.LastErrno is var errno && errno is Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOTTY or Errno.EEXIST
                ? false
                : throw new ErrnoException($"turn quotas on at {anywhere}", errno);
    }

    /// <summary>Makes a group; one that is there is fine.</summary>
    public static void Create(string anywhere, ulong group)
    {
        using var fd = Open(anywhere);
        var args = new Libc.btrfs_ioctl_qgroup_create_args { create = 1, qgroupid = group };
        if (Libc.ioctl(fd.Number, Libc.BTRFS_IOC_QGROUP_CREATE, &args) != 0 && SystemCall.LastErrno is var errno and not Errno.EEXIST)
        {
            throw new ErrnoException($"make quota group {Describe(group)}", errno);
        }
    }

    /// <summary>Removes a group; false when it still holds something. One that is not there is fine.</summary>
    public static bool TryRemove(string anywhere, ulong group)
    {
        using var fd = Open(anywhere);
        var args = new Libc.btrfs_ioctl_qgroup_create_args { qgroupid = group };
        return Libc.ioctl(fd.Number, Libc.BTRFS_IOC_QGROUP_CREATE, &args) == 0
            || SystemCall.LastErrno switch
            {
                Errno.ENOENT => true,
                Errno.EBUSY => false,
                var errno => throw new ErrnoException($"remove quota group {Describe(group)}", errno),
            };
    }

    /// <summary>Puts a group into one of a higher level; one that is in it is fine.</summary>
    public static void Assign(string anywhere, ulong member, ulong group) => Assign(anywhere, member, group, true, Errno.EEXIST);

    /// <summary>Takes a group out of one of a higher level; one that is not in it is fine.</summary>
    public static void Unassign(string anywhere, ulong member, ulong group) => Assign(anywhere, member, group, false, Errno.ENOENT);

    /// <summary>Sets how much a group may hold; 0: no limit.</summary>
    public static void Limit(string anywhere, ulong group, long bytes)
    {
        using var fd = Open(anywhere);
        var args = new Libc.btrfs_ioctl_qgroup_limit_args { qgroupid = group };
        args.lim.flags = Libc.BTRFS_QGROUP_LIMIT_MAX_RFER;
        args.lim.max_rfer = bytes == 0 ? ulong.MaxValue : (ulong)bytes; // all ones take a limit away
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_QGROUP_LIMIT, &args), $"limit quota group {Describe(group)}");
    }

    private static void Assign(string anywhere, ulong member, ulong group, bool assign, int fine)
    {
        using var fd = Open(anywhere);
        var args = new Libc.btrfs_ioctl_qgroup_assign_args { assign = assign ? 1u : 0, src = member, dst = group };
        // 1: done, but what the groups hold would have to be counted anew; simple quotas never say so.
        if (Libc.ioctl(fd.Number, Libc.BTRFS_IOC_QGROUP_ASSIGN, &args) < 0 && SystemCall.LastErrno is var errno && errno != fine)
        {
            throw new ErrnoException($"{(assign ? "put" : "take")} quota group {Describe(member)} {(assign ? "into" : "out of")} {Describe(group)}", errno);
        }
    }

    private static FileDescriptor Open(string anywhere) => FileDescriptorIo.Open(anywhere, OpenFlags.ReadOnly | OpenFlags.Directory);

    private static string Describe(ulong group) => $"{LevelOf(group)}/{IdOf(group)}";
}
