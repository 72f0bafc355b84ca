using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Images.Import;
using Lumos.Images.Oci;
using Lumos.Images.Store;

namespace Lumos.Images.Tests.Oci;

/// <summary>A machine with a pool on btrfs in a file of its own: layers are unpacked for real.</summary>
public sealed class OciMachine : IDisposable
{
    public OciMachine()
    {
        Folder = Directory.CreateTempSubdirectory("lumos-oci-").FullName;
        Pool = new BtrfsPool("zones", At("pool"), At("pool.img"), At("zvol"), Notes.Add);
        Pool.Create(2L << 30);
        Pool.Open(mount: false);
        Pool.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["mountpoint"] = At("zones") });
        Pool.Datasets.MountAll();
        Paths = new ImagePaths(Folder);
        Store = new ImageStore(Pool.Datasets, Paths);
    }

    public string Folder { get; }

    public BtrfsPool Pool { get; }

    public ImagePaths Paths { get; }

    public ImageStore Store { get; }

    public List<string> Notes { get; } = [];

    public List<string> Said { get; } = [];

    public string At(string name) => Path.Combine(Folder, name);

    public InstalledImage Import(string name) => Import(name, out _);

    public InstalledImage Import(string name, out string said)
    {
        Said.Clear();
        var report = new ImportReport { Say = Said.Add, Warn = Notes.Add };
        try
        {
            using var source = OciSources.Open(OciImageName.Parse(name), [], new(), Paths, Notes.Add, out var reference);
            return new OciImporter(Store, report).Import(source, reference, "zones");
        }
        finally
        {
            said = string.Join('\n', Said);
        }
    }

    /// <summary>Names of all datasets of the pool, its own apart.</summary>
    public IReadOnlyList<string> Datasets => [.. Pool.Datasets.List(null).Select(d => d.Name).Where(n => n != "zones").Order(StringComparer.Ordinal)];

    /// <summary>What is in an image: paths below its root, folders with a slash.</summary>
    public IReadOnlyList<string> Files(InstalledImage image)
    {
        var files = new List<string>();
        ((IDatasets)Pool.Datasets).LookInto(image.FinalSnapshot, folder =>
        {
            string root = Path.Combine(folder, "root");
            files.AddRange(Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(root, path) + (Directory.Exists(path) && new FileInfo(path).LinkTarget is null ? "/" : "")));
        });
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    public void Dispose()
    {
        Pool.Close();
        Directory.Delete(Folder, recursive: true);
    }
}
