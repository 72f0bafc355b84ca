using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Archives;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Oci;
using Lumos.Images.Store;
using Lumos.Linux.Files;

namespace Lumos.Images.Files;

/// <summary>
/// An archive of a file system. It becomes root/ of a new dataset, where a zone's root is. Of an image of type docker it is one layer, over
/// what its origin has there, as image servers keep them.
/// </summary>
internal sealed class ArchiveContent(ContentFile source, ImageStore store, ImportReport report) : ImageContent(source)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // It is there to be cloned: nothing in it is run, and no device of it opened, out here.
    private static readonly Dictionary<string, string> _properties = new()
    {
        ["canmount"] = "noauto", ["devices"] = "off", ["setuid"] = "off", ["exec"] = "off", ["xattr"] = "sa", ["acltype"] = "posixacl",
    };

    public override void Check(ImageManifest manifest)
    {
        if (!IsLayer(manifest))
        {
            RequireNoOrigin(manifest);
        }
        if (manifest.Type is not ("zone-dataset" or "lx-dataset" or DockerManifest.Type))
        {
            throw NotFor(manifest, $"becomes an image of type lx-dataset or zone-dataset, not {manifest.Type}");
        }
    }

    public override void Make(ImageManifest manifest, DatasetName partial, SnapshotName? origin)
    {
        // Set-id programs in there are those of whoever made the archive: nobody but root gets into this folder.
        Directory.CreateDirectory(store.Paths.Unpacking, Private);
        File.SetUnixFileMode(store.Paths.Unpacking, Private);
        string place = PlaceOf(store.Paths, partial);
        Directory.CreateDirectory(place);
        var datasets = store.Datasets;
        try
        {
            string pool = partial.Parent!.Value;
            var properties = new Dictionary<string, string>(_properties)
            {
                ["mountpoint"] = place, ["quota"] = new PoolRoom(store, pool).MostBytes.ToString(CultureInfo.InvariantCulture),
            };
            if (origin is null)
            {
                datasets.Create(partial, properties);
            }
            else
            {
                datasets.Clone(origin, partial, properties);
            }
            datasets.Mount(partial);
            try
            {
                Fill(manifest, place);
            }
            catch (LumosException e) when (PoolRoom.IsFull(e))
            {
                throw PoolRoom.None(pool, $"image {manifest}", e);
            }
            datasets.SetProperties(partial, new Dictionary<string, string> { ["quota"] = "none" });
            datasets.Snapshot(partial.At(InstalledImage.SnapshotLeaf));
            datasets.Unmount(partial);
        }
        catch
        {
            Unmount(partial);
            throw;
        }
        finally
        {
            Remove(place);
        }
    }

    /// <summary>Where a dataset is mounted while it is filled.</summary>
    public static string PlaceOf(ImagePaths paths, DatasetName partial) => Path.Combine(paths.Unpacking, partial.Leaf);

    private static bool IsLayer(ImageManifest manifest) => manifest.Type == DockerManifest.Type;

    private void Fill(ImageManifest manifest, string place)
    {
        string root = Path.Combine(place, "root");
        Directory.CreateDirectory(root, (UnixFileMode)0x1ed);
        var facts = TarUnpacker.Unpack(
            new Counted(Source, report), Source.Name, root, new UnpackOptions { IsLayer = IsLayer(manifest), PackedBytes = Source.Length });
        Source.Finish();
        foreach (string left in facts.NotCarried)
        {
            report.Warn($"not in image {manifest}: {left}");
        }
        using var tree = RootedDirectory.Open(root);
        if (!tree.Exists("/etc") && (tree.Exists("/oci-layout") || tree.Exists("/manifest.json")))
        {
            throw new LumosException("InvalidImage", $"{Source.Name} is a container image and no root file system: "
                + $"\"imgadm import {(tree.Exists("/oci-layout") ? "oci-archive" : "docker-archive")}:{Source.Path}\" takes it");
        }
        if (manifest.Type == "lx-dataset")
        {
            if (!tree.Exists("/sbin/init"))
            {
                report.Warn($"image {manifest} has no /sbin/init: a VM of brand lx that is made of it will not boot by itself");
            }
        }
    }

    private void Unmount(DatasetName partial)
    {
        try
        {
            if (store.Datasets.Exists(partial))
            {
                store.Datasets.Unmount(partial);
            }
        }
        catch (LumosException e)
        {
            report.Warn(LumosException.Describe(e)); // the first failure is the one to tell; the dataset is destroyed anyway
        }
    }

    private static void Remove(string place)
    {
        try
        {
            Directory.Delete(place);
        }
        catch (IOException)
        {
            // Something is mounted there still, which has been told: the next import finds it.
        }
    }

    /// <summary>Tells how far the file is while it is read.</summary>
    private sealed class Counted(ContentFile file, ImportReport report) : ReadOnlyStream
    {
        private long _given;

        public override int Read(Span<byte> buffer)
        {
            int got = file.Content.Read(buffer);
            var (done, total) = file.Progress(_given += got);
            report.Bytes(done, total);
            return got;
        }
    }
}
