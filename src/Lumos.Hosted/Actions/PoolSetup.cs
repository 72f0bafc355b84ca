using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Pools;
using Lumos.Hosted.Model;
using Lumos.Linux.Mounts;

namespace Lumos.Hosted.Actions;

/// <summary>
/// The pool of a hosted global zone: ZFS where its module is loaded, else btrfs; in a sparse file below the prefix, or what
/// the administrator gave (an imported ZFS pool by name, an empty folder on btrfs). A pool of ours on ZFS bears the name of the global
/// zone, since names of pools are the whole host's; one on btrfs is SmartOS's "zones", which nobody else sees.
/// </summary>
internal static class PoolSetup
{
    /// <summary>What must stay free for a file-backed pool to make sense.</summary>
    private const long LeastFree = 2L << 30;

    internal const string Zfs = "zfs", Btrfs = "btrfs";

    internal static bool HasZfs => Directory.Exists("/sys/module/zfs");

    /// <param name="name">The global zone's.</param>
    internal static HostedPool Choose(HostedWishes wishes, string name) => wishes.Pool switch
    {
        null when HasZfs => new HostedPool(Zfs, name, "/" + name),
        null => new HostedPool(Btrfs, SystemPoolName.Usual, HostedPaths.PoolRoot),
        { } given when given.Contains('/') => new HostedPool(Btrfs, SystemPoolName.Usual, HostedPaths.PoolRoot),
        { } given when HasZfs => new HostedPool(Zfs, given, "/" + given),
        { } given => throw new LumosException("NoZfs", $"--pool {given} names a ZFS pool, and this host's kernel has no ZFS module loaded; give a folder on btrfs, or leave it out"),
    };

    /// <summary>Makes it, or looks that what was given is fit; nothing of anybody else's is touched.</summary>
    internal static void Make(HostedPaths paths, HostedConfig config, HostedWishes wishes, Action<string> say)
    {
        var pool = config.Pool!;
        Directory.CreateDirectory(paths.Prefix);
        if (wishes.Pool is { } given)
        {
            if (pool.Kind == Zfs)
            {
                RequirePool(given);
            }
            else
            {
                new BtrfsPool(pool.Name, given, note: say).Adopt();
                File.CreateSymbolicLink(paths.PoolImage, Path.GetFullPath(given));
            }
            return;
        }
        if (pool.Kind == Zfs && new Zpool().List().Any(p => p.Name == pool.Name))
        {
            throw new LumosException("PoolExists", $"this host has a ZFS pool {pool.Name} already, and one of our own would bear the same name: "
                + $"--name gives us another, --pool {pool.Name} takes that pool; nothing was made");
        }
        long size = Size(paths, wishes);
        if (pool.Kind == Btrfs)
        {
            new BtrfsPool(pool.Name, pool.Root, paths.PoolImage, note: say).Create(size);
            return;
        }
        using (var image = new FileStream(paths.PoolImage, FileMode.CreateNew, FileAccess.Write))
        {
            image.SetLength(size);
        }
        try
        {
            new Zpool().Create(new PoolToCreate
            {
                Name = pool.Name,
                Vdevs = [paths.PoolImage],
                // Mounted inside the namespace alone, once that is there.
                FileSystemProperties = new Dictionary<string, string> { ["mountpoint"] = "legacy", ["atime"] = "off", ["acltype"] = "posix", ["xattr"] = "sa" },
            });
        }
        catch
        {
            File.Delete(paths.PoolImage);
            throw;
        }
        new Zpool().Export(pool.Name);
    }

    private static long Size(HostedPaths paths, HostedWishes wishes)
    {
        Directory.CreateDirectory(paths.Prefix);
        long free = FileSystemUsage.Of(paths.Prefix).Available;
        if (free < LeastFree)
        {
            throw new LumosException("TooLittleDisk", $"{paths.Prefix} has {free >> 20} MiB free, of which a pool needs {LeastFree >> 20}; nothing was made");
        }
        return wishes.PoolSize ?? Math.Min(HostedWishes.DefaultPoolSize, free - LeastFree / 2);
    }

    private static void RequirePool(string name)
    {
        if (new Zpool().List().All(p => p.Name != name))
        {
            throw new LumosException("PoolNotFound", $"no imported ZFS pool is named {name}");
        }
    }
}
