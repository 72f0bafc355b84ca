using System.Diagnostics.CodeAnalysis;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Model;

namespace Lumos.Images.Store;

/// <summary>
/// The images that are installed on this machine.
/// <para>
/// Vocabulary: an image is a dataset POOL/UUID with a snapshot @final, which VMs are cloned from; its manifest says what
/// it is; an image may be an increment of another, its origin, and is then a clone of the origin's @final.
/// </para>
/// <para>
/// On disk: the datasets are the truth. Every dataset POOL/UUID is an image, except the roots of zones (/etc/zones/index)
/// and those whose property imgadm:ignore is set; /var/imgadm/images/POOL-UUID.json remembers manifest and source.
/// POOL/UUID-partial is an import under way, or what a power cut left of one; the next import of that image removes it.
/// An image exists from the rename of UUID-partial to UUID on, which is one step of the storage.
/// </para>
/// <para>
/// Ownership: imports and deletions of one image hold its lock (/run/lumos/locks/img.UUID.import.lock); listing takes none.
/// Failure: see <see cref="Import.ImageInstaller"/>. Tested over FakeDatasets and a real image server on loopback.
/// </para>
/// </summary>
public sealed class ImageStore(IDatasets datasets, ImagePaths paths)
{
    /// <summary>Set (to anything) on a POOL/UUID dataset that is no image.</summary>
    public const string IgnoreProperty = "imgadm:ignore";

    public const int NotInstalledStatus = 3;

    /// <summary>From so many on, manifests are read side by side.</summary>
    private const int Many = 100;

    private readonly ImageDatabase _database = new(paths);

    /// <summary>The store of the live machine.</summary>
    public static ImageStore OfMachine() => new(MachineDatasets.Open(), new ImagePaths());

    public IDatasets Datasets => datasets;

    public ImagePaths Paths => paths;

    public ImageDatabase Database => _database;

    /// <summary>All images, by pool and UUID.</summary>
    public IReadOnlyList<InstalledImage> List()
    {
        var roots = ZoneRoots.Read(paths.ZoneIndex);
        var found = new List<(string Pool, Uuid Uuid, DatasetKinds Kind)>();
        foreach (var entry in datasets.List(null, DatasetKinds.Live, 1, [IgnoreProperty]))
        {
            // The kernel's children of a pool, not what lies deeper: POOL/UUID/data is a VM's own.
            if (entry.Dataset.Parent is { Parent: null } pool && Uuid.TryParse(entry.Dataset.Leaf, out var uuid)
                && uuid.ToString() == entry.Dataset.Leaf && entry[IgnoreProperty] is null && !roots.Contains("/" + entry.Dataset.Value))
            {
                found.Add((pool.Value, uuid, entry.Kind));
            }
        }
        var images = new InstalledImage[found.Count];
        void Read(int i) => images[i] = Describe(found[i].Pool, found[i].Uuid, found[i].Kind);
        if (found.Count < Many)
        {
            for (int i = 0; i < found.Count; i++)
            {
                Read(i);
            }
        }
        else
        {
            Parallel.For(0, found.Count, Read);
        }
        return images;
    }

    /// <summary>The image, on any pool or on the given one; false when it is not installed.</summary>
    public bool TryGet(Uuid uuid, [NotNullWhen(true)] out InstalledImage? image, string? pool = null)
    {
        image = List().FirstOrDefault(i => i.Uuid == uuid && (pool is null || i.Pool == pool));
        return image is not null;
    }

    /// <inheritdoc cref="TryGet"/>
    /// <exception cref="LumosException">ImageNotInstalled, exit status 3.</exception>
    public InstalledImage Get(Uuid uuid, string? pool = null) =>
        TryGet(uuid, out var image, pool) ? image : throw NotInstalled(uuid, pool);

    /// <summary>An image of which VMs can be made, by one look at it alone, however many there are; null: there is none.</summary>
    public InstalledImage? FindClonable(string pool, Uuid uuid)
    {
        var image = new InstalledImage(uuid, pool, null, null);
        if (ZoneRoots.Read(paths.ZoneIndex).Contains("/" + image.DatasetName.Value))
        {
            return null;
        }
        try
        {
            var found = datasets.List(image.DatasetName, DatasetKinds.All, 1, [IgnoreProperty]);
            return found[0][IgnoreProperty] is null && found.Any(e => e.Snapshot == image.FinalSnapshot) ? Describe(pool, uuid, found[0].Kind) : null;
        }
        catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
        {
            return null;
        }
    }

    /// <summary>Number and names of the clones of each image, in one look: dataset name → names of clones.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ClonesByImage()
    {
        // Asked of the clones, wherever they lie (a VM's disks are POOL/VM/disk0): a machine may have a hundred times as many snapshots.
        return datasets.List(null, DatasetKinds.Live, null, ["origin"])
            .Where(e => e["origin"] is not null)
            .GroupBy(e => SnapshotName.Parse(e["origin"]!).Dataset.Value)
            .ToDictionary(g => g.Key, IReadOnlyList<string> (g) => [.. g.Select(e => e.Name)]);
    }

    public static LumosException NotInstalled(Uuid uuid, string? pool) =>
        new("ImageNotInstalled",
            pool is null ? $"image {uuid} is not installed" : $"image {uuid} is not installed on pool {pool}", NotInstalledStatus);

    private InstalledImage Describe(string pool, Uuid uuid, DatasetKinds kind)
    {
        var known = _database.Find(pool, uuid);
        return new InstalledImage(uuid, pool, known?.Manifest, known?.Source) { IsVolume = kind == DatasetKinds.Volume };
    }
}
