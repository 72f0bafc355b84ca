using System.Globalization;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Archives;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Images.Oci;

/// <summary>What a layer consists of.</summary>
/// <param name="File">Its blob, verified.</param>
/// <param name="DiffId">What it is to be once it is decompressed.</param>
internal sealed record LayerContent(string File, OciDigest DiffId);

/// <summary>
/// Makes an installed image of one layer: a clone of the layer below (or a new file system), POOL/UUID-partial, mounted where nobody
/// but root gets, the layer unpacked over it, the snapshot @final, the database's record, and the rename to POOL/UUID, from which on it
/// exists. Every failure takes all steps back; what a power cut leaves the next import removes. The caller holds the image's lock.
/// </summary>
internal sealed class LayerInstaller(ImageStore store, ImportReport report)
{
    // It is there to be cloned: nothing in it is run, and no device of it opened, out here.
    private static readonly Dictionary<string, string> s_quiet = new()
    {
        ["canmount"] = "noauto", ["devices"] = "off", ["setuid"] = "off", ["exec"] = "off", ["xattr"] = "sa", ["acltype"] = "posixacl",
    };

    /// <param name="content">Null: nothing is added to the layer below.</param>
    /// <param name="source">For the record.</param>
    public InstalledImage Install(ImageManifest manifest, LayerContent? content, string pool, string? source)
    {
        var image = new InstalledImage(manifest.Uuid, pool, manifest, source);
        var datasets = store.Datasets;
        var partial = ImageInstaller.PartialOf(image.DatasetName);
        string mountPoint = store.Paths.MountPoint(partial);
        using var undo = new UndoStack(report.Warn);
        RemovePartial(partial); // of an import that a power cut ended
        undo.Push($"destroy {partial}", () => RemovePartial(partial));
        var properties = new Dictionary<string, string>(s_quiet) { ["mountpoint"] = mountPoint, ["quota"] = new PoolRoom(store, pool).MostBytes.ToString(CultureInfo.InvariantCulture) };
        if (manifest.Origin is { } origin)
        {
            // Held for the clone, so that nobody deletes it in between.
            using var held = ImageInstaller.Lock(store, origin, report);
            datasets.Clone(store.Get(origin, pool).FinalSnapshot, partial, properties);
        }
        else
        {
            datasets.Create(partial, properties);
        }
        if (content is not null)
        {
            datasets.Mount(partial);
            try
            {
                Fill(manifest, content, mountPoint);
            }
            catch (LumosException e) when (PoolRoom.IsFull(e))
            {
                throw PoolRoom.None(pool, $"layer {manifest.Version}", e);
            }
            datasets.Unmount(partial);
        }
        RemoveMountPoint(mountPoint);
        datasets.Inherit(partial, "mountpoint");
        datasets.SetProperties(partial, new Dictionary<string, string> { ["quota"] = "none" });
        datasets.Snapshot(partial.At(InstalledImage.SnapshotLeaf));
        undo.Push("remove the record", () => store.Database.Remove(pool, manifest.Uuid));
        store.Database.Save(pool, manifest, source);
        datasets.Rename(partial, image.DatasetName);
        undo.Commit();
        return image;
    }

    private void Fill(ImageManifest manifest, LayerContent content, string mountPoint)
    {
        // Set-id programs of the image are those of whoever made it: nobody out here gets to them.
        File.SetUnixFileMode(mountPoint, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string root = Path.Combine(mountPoint, "root");
        Directory.CreateDirectory(root);
        using (var decompressor = Decompressor.Open(content.File))
        using (var hash = content.DiffId.Hash())
        using (var hashed = new HashedStream(decompressor.Output, hash, done => report.Bytes(decompressor.Position ?? done, decompressor.Position is null ? 0 : decompressor.Length)))
        {
            var options = new UnpackOptions { IsLayer = true, PackedBytes = decompressor.Length };
            foreach (string left in TarUnpacker.Unpack(hashed, $"layer {manifest.Version} of {content.DiffId.Short}", root, options, cancellation: report.Stop).NotCarried)
            {
                report.Warn($"layer {manifest.Version}: {left}");
            }
            decompressor.Finish();
            if (content.DiffId.Finish(hash) is var found && found != content.DiffId)
            {
                throw new LumosException("InvalidImage", $"layer {manifest.Version}, decompressed, is not what the image's configuration says: its digest is {found} instead of {content.DiffId}");
            }
        }
        DurableFile.SyncFileSystem(mountPoint);
    }

    private void RemovePartial(DatasetName partial)
    {
        if (store.Datasets.Exists(partial))
        {
            store.Datasets.Unmount(partial, force: true);
            store.Datasets.Destroy(partial, recursive: true);
        }
        RemoveMountPoint(store.Paths.MountPoint(partial));
    }

    private static void RemoveMountPoint(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
    }

    /// <summary>Takes the sum of what is read through it.</summary>
    private sealed class HashedStream(Stream inner, IncrementalHash hash, Action<long> progress) : Stream
    {
        private long _done;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int got = inner.Read(buffer);
            hash.AppendData(buffer[..got]);
            progress(_done += got);
            return got;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
