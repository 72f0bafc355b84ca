using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Files;

/// <summary>
/// What an image is made of: a file, maybe compressed, that holds a stream of a dataset, an archive of a file system or a disk.
/// </summary>
/// <remarks>
/// Which it is, is told by its first bytes, and never by trying. A stream is received as it is (StreamContent). An archive is unpacked
/// into a new file system, by code that trusts nothing in it (ArchiveContent, Archives.TarUnpacker). A disk goes into a new volume, a raw
/// one as it is, another by qemu-img, which runs as nobody, without network, and sees one file (DiskContent, QemuImg).
/// Each makes POOL/UUID-partial with one snapshot, @final where it made it itself; ImageInstaller does what comes before and after,
/// and destroys the dataset when this fails. What of a file is not in the image is warned of, never a silence.
/// </remarks>
internal abstract class ImageContent : IDisposable
{
    private protected ImageContent(ContentFile source) => Source = source;

    public FileFormat Format => Source.Format;

    /// <summary>MiB of the volume that a disk needs; null: no disk.</summary>
    public virtual long? Mebibytes => null;

    /// <summary>Bytes of a pool that it takes at the least: no less than its file, for nothing shrinks there that did not shrink here.</summary>
    public virtual long LeastBytes => Source.Length;

    private protected ContentFile Source { get; }

    /// <summary>Looks at a file.</summary>
    /// <exception cref="LumosException">It cannot be read or decompressed, or is a disk of a kind that is refused.</exception>
    public static ImageContent Open(string path, ImageStore store, ImportReport report)
    {
        var file = ContentFile.Open(path);
        try
        {
            return Open(file, store, report) ?? new DiskContent(file, store, report);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Looks at the beginning of a file that is on its way. Null: it has to be there as a whole, as disks have.</summary>
    /// <exception cref="LumosException">As above, and what the download throws.</exception>
    public static ImageContent? Open(ArrivingFile arriving, ImageStore store, ImportReport report)
    {
        var file = ContentFile.Open(arriving);
        var content = Open(file, store, report);
        if (content is null)
        {
            file.Dispose();
        }
        return content;
    }

    private static ImageContent? Open(ContentFile file, ImageStore store, ImportReport report) => file.Format switch
    {
        FileFormat.Tar => new ArchiveContent(file, store, report),
        FileFormat.ZfsStream or FileFormat.Unknown => new StreamContent(file, store, report),
        _ => null,
    };

    /// <summary>What has to be done before its size is known, which may take a while; nothing is made yet that stays.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Refuses a manifest that speaks of something else.</summary>
    /// <exception cref="LumosException">InvalidImage.</exception>
    public abstract void Check(ImageManifest manifest);

    /// <summary>Makes the dataset.</summary>
    public abstract void Make(ImageManifest manifest, DatasetName partial, SnapshotName? origin);

    public virtual void Dispose() => Source.Dispose();

    private protected LumosException NotFor(ImageManifest manifest, string why) =>
        new("InvalidImage", $"{Source.Name} is {FileFormats.Describe(Format)}, and {why} (image {manifest})");

    private protected void RequireNoOrigin(ImageManifest manifest)
    {
        if (manifest.Origin is not null)
        {
            throw NotFor(manifest, "only a stream can be an increment of an origin");
        }
    }
}
