using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Images.Files;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// Makes an installed image of a file: receive, unpack or convert it (Files.ImageContent) as POOL/UUID-partial, see that its sums are right, that it is one
/// dataset of the right kind with one snapshot, call that @final, take away what a stream may bring that a machine must not follow (a mountpoint),
/// write the database's record, rename to POOL/UUID. Until the rename, which is one step, there is no image; every failure
/// takes all steps back, and what a power cut leaves (UUID-partial, a record without a dataset) the next import removes or
/// overwrites. The caller holds the image's lock.
/// </summary>
public sealed class ImageInstaller(ImageStore store, ImportReport report)
{
    public const string PartialEnding = "-partial";

    /// <summary>Takes the lock of an image's import or removal; waits for whoever holds it.</summary>
    public static FileLock Lock(ImageStore store, Uuid uuid, ImportReport report) =>
        FileLock.Acquire(Path.Combine(Path.GetFullPath(store.Paths.Locks), LockOf(uuid)), onWait: report.Warn, stop: report.Stop);

    internal static string LockOf(Uuid uuid) => $"img.{uuid}.import.lock";

    /// <summary>Refuses an image whose origin is not installed on the pool.</summary>
    /// <exception cref="LumosException">OriginNotInstalled, exit status 3.</exception>
    public void RequireOrigin(ImageManifest manifest, string pool)
    {
        if (manifest.Origin is { } origin && !store.TryGet(origin, out _, pool))
        {
            throw new LumosException("OriginNotInstalled",
                $"image {manifest} is an increment of image {origin}, which is not installed on pool {pool}; install that first",
                ImageStore.NotInstalledStatus);
        }
    }

    /// <summary>Installs; the image must not be there yet.</summary>
    /// <param name="manifest">What the file is.</param>
    /// <param name="file">A stream, an archive or a disk, maybe compressed; its checksum has been seen to.</param>
    /// <param name="pool">Where to.</param>
    /// <param name="source">URL for the record; null: a local file.</param>
    /// <exception cref="LumosException">The pool is missing or full, the file is damaged or not what the manifest says.</exception>
    public InstalledImage Install(ImageManifest manifest, string file, string pool, string? source)
    {
        using var content = ImageContent.Open(file, store, report);
        return Install(manifest, content, pool, source);
    }

    /// <inheritdoc cref="Install(ImageManifest, string, string, string?)"/>
    /// <param name="check">Of content that nobody has checked yet: throws once it is known that it is not what it has to be.</param>
    internal InstalledImage Install(ImageManifest manifest, ImageContent content, string pool, string? source, Action? check = null)
    {
        var image = new InstalledImage(manifest.Uuid, pool, manifest, source) { IsVolume = manifest.IsVolume };
        var datasets = store.Datasets;
        var partial = datasets.Exists(image.DatasetName)
            ? throw DatasetException.Exists(image.DatasetName.Value)
            : PartialOf(image.DatasetName);
        content.Check(manifest);
        using var undo = new UndoStack(report.Warn);
        RemovePartial(partial); // of an import that a power cut ended
        undo.Push($"destroy {partial}", () => RemovePartial(partial));
        content.Make(manifest, partial, OriginSnapshot(manifest, pool));
        check?.Invoke();
        Settle(manifest, partial);
        undo.Push("remove the record", () => store.Database.Remove(pool, manifest.Uuid));
        store.Database.Save(pool, manifest, source);
        datasets.Rename(partial, image.DatasetName);
        undo.Commit();
        return image;
    }

    internal static DatasetName PartialOf(DatasetName image) => DatasetName.Parse(image.Value + PartialEnding);

    private static SnapshotName? OriginSnapshot(ImageManifest manifest, string pool) =>
        manifest.Origin is { } origin ? new InstalledImage(origin, pool, null, null).FinalSnapshot : null;

    private void Settle(ImageManifest manifest, DatasetName partial)
    {
        var datasets = store.Datasets;
        var all = datasets.List(partial, DatasetKinds.All);
        var kind = all[0].Kind;
        if (all.Any(e => e.Dataset != partial))
        {
            throw new LumosException("InvalidImage", $"the stream of image {manifest} holds more than one dataset");
        }
        if ((kind == DatasetKinds.Volume) != manifest.IsVolume)
        {
            throw new LumosException("InvalidImage",
                $"the stream of image {manifest} is that of a {(manifest.IsVolume ? "file system" : "volume")}, but its type is {manifest.Type}");
        }
        var snapshots = all.Where(e => e.Snapshot is not null).Select(e => e.Snapshot!).ToList();
        if (snapshots is not [var snapshot])
        {
            throw new LumosException("UnexpectedNumberOfSnapshots",
                $"the stream of image {manifest} holds {snapshots.Count} snapshots ({string.Join(", ", snapshots.Select(s => s.Name))}) instead of one");
        }
        if (snapshot.Name != InstalledImage.SnapshotLeaf)
        {
            datasets.RenameSnapshot(snapshot, InstalledImage.SnapshotLeaf);
        }
        if (kind == DatasetKinds.FileSystem)
        {
            // A stream may bring a mountpoint such as /etc, and a mounted image is of no use anyway: VMs use its clones,
            // which take their properties from the pool and not from here.
            datasets.SetProperties(partial, new Dictionary<string, string> { ["canmount"] = "noauto" });
            datasets.Inherit(partial, "mountpoint");
        }
    }

    private void RemovePartial(DatasetName partial)
    {
        if (store.Datasets.Exists(partial))
        {
            store.Datasets.Destroy(partial, recursive: true);
        }
    }
}
