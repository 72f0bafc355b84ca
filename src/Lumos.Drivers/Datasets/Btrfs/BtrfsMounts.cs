using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Mounts of datasets, in the caller's mount namespace. A dataset is mounted by binding its subvolume from the pool's own
/// mount: that costs no look at the device, and flags are set before anybody sees the mount.
/// </summary>
internal static class BtrfsMounts
{
    /// <summary>
    /// Whether a mountpoint shows a subvolume. Asked of the two directories, not of the table of mounts: the kernel takes some
    /// 20 µs for each line of that, and there may be a thousand.
    /// </summary>
    public static bool IsMounted(string subvolume, string mountpoint)
    {
        if (!mountpoint.StartsWith('/'))
        {
            return false;
        }
        try
        {
            var (there, own) = (FileStatus.Of(mountpoint), FileStatus.Of(subvolume));
            return (there.Inode, there.FsMajor, there.FsMinor) == (own.Inode, own.FsMajor, own.FsMinor);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return false;
        }
    }

    public static void Attach(string subvolume, string mountpoint, MountAttributes attributes)
    {
        Directory.CreateDirectory(mountpoint);
        using var tree = Mount.CloneTree(subvolume);
        if (attributes != MountAttributes.None)
        {
            Mount.SetAttributes(tree, attributes);
        }
        Mount.Attach(tree, mountpoint);
    }
}
