using Lumos.Core.Hosting;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Hosting;

namespace Lumos.Drivers.Datasets;

/// <summary>The datasets of the machine we run on: ZFS's, unless a hosted global zone says that its pool is on btrfs.</summary>
public static class MachineDatasets
{
    /// <param name="note">Gets a sentence for what is not carried out as ZFS would; null: standard error.</param>
    /// <param name="file">Where it is said; for tests.</param>
    /// <exception cref="Lumos.Core.LumosException">BadHostedConfig.</exception>
    public static IDatasets Open(Action<string>? note = null, string file = HostedConfig.Path) =>
        HostedFile.Load(file)?.Pool is { Kind: "btrfs" } pool
            ? new BtrfsDatasets(pool.Name, pool.Root, note: note ?? (sentence => Console.Error.WriteLine($"note: {sentence}")))
            : new ZfsDatasets();
}
