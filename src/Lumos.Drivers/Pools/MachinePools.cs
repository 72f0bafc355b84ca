using Lumos.Core.Hosting;
using Lumos.Drivers.Hosting;

namespace Lumos.Drivers.Pools;

/// <summary>The pools of the machine we run on: ZFS's, unless a hosted global zone says that its pool is on btrfs.</summary>
public static class MachinePools
{
    /// <param name="file">Where it is said; for tests.</param>
    /// <exception cref="Lumos.Core.LumosException">BadHostedConfig.</exception>
    public static IPools Open(string file = HostedConfig.Path) =>
        HostedFile.Load(file)?.Pool is { Kind: "btrfs" } pool ? new BtrfsPools(pool.Name, pool.Root) : new Zpool();
}
