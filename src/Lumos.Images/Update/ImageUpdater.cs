using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Update;

/// <summary>
/// imgadm update: what is recorded of installed images becomes what the sources say now, and an image without a snapshot @final
/// (received by hand, or by an old imgadm) gets one, where its manifest tells which of its snapshots that is. A manifest that speaks
/// of another file than the one that was installed is refused: the dataset stays what it is.
/// </summary>
/// <param name="dryRun">Only say what would change.</param>
public sealed class ImageUpdater(ImageStore store, IReadOnlyList<ImgapiClient> sources, ImportReport report, bool dryRun)
{
    /// <summary>Fields that a server gives as it pleases, and that say nothing of the image.</summary>
    private static readonly string[] OfTheServer = ["channels", "icon"];

    /// <summary>Whether nothing went wrong.</summary>
    public bool Update(InstalledImage image)
    {
        var (found, failed) = Find(image);
        if (found is { } there && Fault(image, there.Manifest) is { } fault)
        {
            report.Warn(fault);
            failed = true;
        }
        else if (found is { } same)
        {
            Record(image, same.Manifest, same.Source);
        }
        else if (!failed)
        {
            report.Warn($"image {Name(image)} is in none of the sources; what is known of it stays as it is");
        }
        return EnsureFinal(image, found?.Manifest ?? image.Manifest) && !failed;
    }

    /// <summary>The source that the image is from is asked first.</summary>
    private ((ImageManifest Manifest, string Source)? Found, bool Failed) Find(InstalledImage image)
    {
        bool failed = false;
        foreach (var client in sources.OrderBy(c => c.Source.Url == image.Source ? 0 : 1))
        {
            try
            {
                if (client.Find(image.Uuid) is { } manifest)
                {
                    return ((manifest, client.Source.Url), false);
                }
            }
            catch (LumosException e)
            {
                report.Warn($"image {Name(image)}: {LumosException.Describe(e)}");
                failed = true;
            }
        }
        return (null, failed);
    }

    private static string? Fault(InstalledImage image, ImageManifest manifest) =>
        manifest.IsVolume != image.IsVolume
            ? $"image {Name(image)} is a {(image.IsVolume ? "volume" : "file system")} here, and of type {manifest.Type} in the source; it is left as it is"
        : image.Manifest?.File is { } here && manifest.File is { } there && here.Sha1 != there.Sha1
            ? $"image {Name(image)} has another file in the source than the one that was installed; it is left as it is"
        : image.Manifest?.Origin is var origin && image.Manifest is not null && origin != manifest.Origin
            ? $"image {Name(image)} has another origin in the source than the one that was installed; it is left as it is"
        : null;

    private void Record(InstalledImage image, ImageManifest manifest, string source)
    {
        string[] changed = Changes(image.Manifest?.ToJson() ?? [], manifest.ToJson());
        if (image.Manifest is not null && changed.Length == 0)
        {
            return;
        }
        if (!dryRun)
        {
            using var held = ImageInstaller.Lock(store, image.Uuid, report);
            if (!store.TryGet(image.Uuid, out _, image.Pool))
            {
                return; // deleted meanwhile
            }
            store.Database.Save(image.Pool, manifest, image.Source ?? source);
        }
        report.Say($"{(dryRun ? "Would update" : "Updated")} image {manifest}: {(image.Manifest is null ? "nothing was known of it" : string.Join(", ", changed))}");
    }

    private static string[] Changes(JsonObject before, JsonObject after) =>
        [.. before.Select(p => p.Key).Union(after.Select(p => p.Key)).Except(OfTheServer)
            .Where(key => !JsonNode.DeepEquals(before[key], after[key])).Order(StringComparer.Ordinal)];

    private bool EnsureFinal(InstalledImage image, ImageManifest? manifest)
    {
        var datasets = store.Datasets;
        if (datasets.Exists(image.FinalSnapshot))
        {
            return true;
        }
        string? guid = manifest?["files.0.dataset_guid"] is { } node ? JsonPath.Text(node) : null;
        var snapshots = datasets.List(image.DatasetName, DatasetKinds.Snapshot, 1, ["guid"]);
        if (guid is null || snapshots.FirstOrDefault(s => s["guid"] == guid)?.Snapshot is not { } snapshot)
        {
            report.Warn($"image {Name(image)} has no snapshot @final, and nothing tells which of its {snapshots.Count} snapshots that is; no VM can be made of it");
            return false;
        }
        if (!dryRun)
        {
            datasets.RenameSnapshot(snapshot, InstalledImage.SnapshotLeaf);
        }
        report.Say($"{(dryRun ? "Would rename" : "Renamed")} snapshot {snapshot} of image {Name(image)} to @final");
        return true;
    }

    private static string Name(InstalledImage image) => image.Manifest?.ToString() ?? image.Uuid.ToString();
}
