using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>A pool in a file of its own in a temporary directory; nothing of it is left afterwards.</summary>
public sealed class BtrfsPoolFixture : IDisposable
{
    public BtrfsPoolFixture()
    {
        Folder = Directory.CreateTempSubdirectory("lumos-btrfs-").FullName;
        Pool = new BtrfsPool("zones", At("root"), At("pool.img"), At("zvol"), Notes.Add);
        Pool.Create(2L << 30);
        Pool.Open(mount: false);
        Pool.Datasets.SetProperties(Root, new Dictionary<string, string> { ["mountpoint"] = At("zones") });
        Pool.Datasets.MountAll();
    }

    public static DatasetName Root { get; } = DatasetName.Parse("zones");

    public string Folder { get; }

    public List<string> Notes { get; } = [];

    public BtrfsPool Pool { get; }

    public BtrfsDatasets Datasets => Pool.Datasets;

    public string At(string name) => Path.Combine(Folder, name);

    public void Dispose()
    {
        Pool.Close();
        Directory.Delete(Folder, recursive: true);
    }
}
