using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// Deletes an image nobody uses. Renamed first, in one step: from then on it is gone for everyone, and what a power cut
/// leaves is the same UUID-partial as a cut import's. A clone that appears meanwhile brings it back.
/// </summary>
public sealed class ImageRemover(ImageStore store, ImportReport report)
{
    /// <exception cref="LumosException">ImageHasDependentClones; ImageNotInstalled: deleted meanwhile.</exception>
    public void Remove(InstalledImage image)
    {
        using var held = ImageInstaller.Lock(store, image.Uuid, report);
        store.Get(image.Uuid, image.Pool);
        if (store.ClonesByImage().TryGetValue(image.DatasetName.Value, out var clones))
        {
            throw InUse(image, clones);
        }
        var partial = ImageInstaller.PartialOf(image.DatasetName);
        if (store.Datasets.Exists(partial))
        {
            store.Datasets.Destroy(partial, recursive: true); // left by a power cut
        }
        store.Datasets.Rename(image.DatasetName, partial);
        try
        {
            store.Datasets.Destroy(partial, recursive: true);
        }
        catch (LumosException)
        {
            store.Datasets.Rename(partial, image.DatasetName);
            throw;
        }
        store.Database.Remove(image.Pool, image.Uuid);
    }

    private static LumosException InUse(InstalledImage image, IReadOnlyList<string> clones)
    {
        string names = string.Join(", ", clones.Take(5)) + (clones.Count > 5 ? ", …" : "");
        return new LumosException("ImageHasDependentClones",
            $"image {image.Uuid} is in use by {clones.Count} dataset{(clones.Count == 1 ? "" : "s")}: {names}");
    }
}
