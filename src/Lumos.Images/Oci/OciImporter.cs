using System.Collections.Immutable;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>
/// imgadm import of an image of the OCI.
/// </summary>
/// <remarks>
/// Purpose: images of registries, layouts and archives become images of this machine as SmartOS has them.
/// Vocabulary: an image is a stack of layers and a configuration that says what to run. Each layer becomes an image of type docker, a
/// clone of the one below with the layer unpacked over it, whose UUID follows from the digests of all layers so far
/// (<see cref="LayerChain"/>): what images share is fetched once and lies on the disk once. The uppermost is the image; its manifest
/// has the configuration and the names (<see cref="DockerManifest"/>). An image whose layers are those of another one that is here,
/// with another configuration, becomes a clone of the uppermost with nothing added.
/// Order: everything small is fetched and verified first; then the layers that are missing, several at once, each verified as a whole
/// before a byte of it is unpacked; then, under the one lock of all such imports of a pool, they are installed, lowest first.
/// Failure: layers that this import has installed go again, what it has fetched stays for the next one, which goes on where this one
/// stopped. A kill leaves layers without a name, that the next import of them takes as they are and "imgadm vacuum" removes.
/// Tests: OciTests over layouts and a registry in the process; HostOciTests with Debian's docker-registry and skopeo.
/// </remarks>
public sealed class OciImporter(ImageStore store, ImportReport report)
{
    private const int AtOnce = 3;

    private readonly Lock _gate = new();

    /// <summary>Imports; an image that is here already gets its name and is a note, not an error.</summary>
    /// <param name="reference">What it is called from now on; null: it has no name in a registry.</param>
    public InstalledImage Import(IOciSource source, OciReference? reference, string pool)
    {
        if (!DatasetName.TryParse(pool, out var name) || name.Parent is not null || !store.Datasets.Exists(name))
        {
            throw new LumosException("PoolNotFound", $"there is no pool {pool}; -P names another one");
        }
        report.Stage($"Looking at {source.Whence}");
        var image = OciImage.Find(source, OciPlatform.OfMachine);
        var uuids = LayerChain.Of(image.Layers.Select(l => l.Digest));
        var files = Fetch(source, image, FirstMissing(uuids, pool), pool);
        InstalledImage result;
        using (FileLock.Acquire(Path.Combine(Path.GetFullPath(store.Paths.Locks), $"img.docker.{pool}.lock"), onWait: report.Warn, stop: report.Stop))
        {
            // What was here when we looked may be gone, and what was missing be here.
            for (int first; (first = FirstMissing(uuids, pool)) < uuids.Length && files[first] is null;)
            {
                files = Fetch(source, image, first, pool);
            }
            result = Install(source, image, uuids, files, reference, pool);
        }
        foreach (var file in files.Where(f => f?.Fetched == true))
        {
            File.Delete(file!.Path);
        }
        return result;
    }

    /// <summary>The manifest that the image would have here; nothing is fetched but what is small.</summary>
    public static ImageManifest Show(IOciSource source, OciReference? reference)
    {
        var image = OciImage.Find(source, OciPlatform.OfMachine);
        var uuids = LayerChain.Of(image.Layers.Select(l => l.Digest));
        return DockerManifest.WithName(DockerManifest.OfLayer(image, uuids.Length - 1, uuids[^1], uuids.Length > 1 ? uuids[^2] : null, file: null), image, reference);
    }

    // The lowest layer that has to be made: all above it have to be too.
    private int FirstMissing(ImmutableArray<Uuid> uuids, string pool)
    {
        var there = store.List().Where(i => i.Pool == pool).Select(i => i.Uuid).ToHashSet();
        int first = uuids.Length;
        while (first > 0 && !there.Contains(uuids[first - 1]))
        {
            first--;
        }
        return first;
    }

    private BlobFile?[] Fetch(IOciSource source, OciImage image, int first, string pool)
    {
        var files = new BlobFile?[image.Layers.Length];
        var wanted = image.Layers.Skip(first).ToList();
        if (wanted.Count == 0)
        {
            return files;
        }
        long total = wanted.Sum(l => l.Size), done = 0;
        RoomCheck.OfPool(store, pool, total, $"image {source.Whence}");
        if (source.Copies)
        {
            RoomCheck.OfDownloads(store, total, $"image {source.Whence}");
        }
        report.Stage($"Fetching {wanted.Count} layer{(wanted.Count == 1 ? "" : "s")} of {source.Whence}");
        try
        {
            Parallel.For(first, files.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, (i, state) =>
            {
                long before = 0;
                try
                {
                    files[i] = source.Bring(image.Layers[i], now =>
                    {
                        lock (_gate)
                        {
                            done += now - before;
                            before = now;
                            report.Bytes(done, total);
                        }
                    });
                }
                catch
                {
                    state.Stop(); // what is under way goes on, and is there the next time
                    throw;
                }
            });
        }
        catch (AggregateException e)
        {
            report.Stop.ThrowIfCancellationRequested();
            throw e.InnerExceptions.OfType<LumosException>().FirstOrDefault() ?? e.InnerExceptions[0];
        }
        return files;
    }

    private InstalledImage Install(
        IOciSource source, OciImage image, ImmutableArray<Uuid> uuids, BlobFile?[] files, OciReference? reference, string pool)
    {
        using var undo = new UndoStack(report.Warn);
        for (int i = FirstMissing(uuids, pool); i < uuids.Length; i++)
        {
            var origin = i > 0 ? uuids[i - 1] : (Uuid?)null;
            string file = files[i]!.Path;
            var manifest = DockerManifest.OfLayer(image, i, uuids[i], origin, FactsOf(file));
            report.Stage($"Installing layer {i + 1} of {uuids.Length}, {manifest.Version}");
            Make(manifest, new LayerContent(file, image.Config.DiffIds[i]), source.Whence, pool, undo);
        }
        var head = store.Get(uuids[^1], pool);
        string? config = DockerManifest.TagOf(head.Manifest, DockerManifest.ConfigId);
        if (config is not null && config != image.ConfigDigest.ToString())
        {
            var uuid = LayerChain.WithConfig(image.Layers.Select(l => l.Digest), image.ConfigDigest);
            head = store.TryGet(uuid, out var known, pool) ? known : Make(DockerManifest.OfConfig(image, uuid, uuids[^1]), null, source.Whence, pool, undo);
            config = DockerManifest.TagOf(head.Manifest, DockerManifest.ConfigId);
        }
        bool wasHere = config is not null;
        var named = DockerManifest.WithName(head.Manifest ?? DockerManifest.OfConfig(image, head.Uuid, uuids[^1]), image, reference);
        store.Database.Save(pool, named, source.Whence);
        undo.Commit();
        if (reference is not null)
        {
            TakeTag(reference, head.Uuid, pool);
        }
        string shown = $"{named.Uuid} ({(reference is null ? source.Whence : $"{reference.Name}{(reference.Tag is null ? "" : ":" + reference.Tag)}")})";
        report.Say(wasHere ? $"Image {shown} is already installed, skipping" : $"Imported image {shown}");
        return store.Get(head.Uuid, pool);
    }

    private InstalledImage Make(ImageManifest manifest, LayerContent? content, string source, string pool, UndoStack undo)
    {
        using var held = ImageInstaller.Lock(store, manifest.Uuid, report);
        var made = new LayerInstaller(store, report).Install(manifest, content, pool, source);
        undo.Push($"delete layer {manifest.Version}", () => new ImageRemover(store, report).Remove(made));
        return made;
    }

    // A tag is one image's: what had it before is known by its other names, or by none.
    private void TakeTag(OciReference reference, Uuid now, string pool)
    {
        if (reference.Tag is not { } tag)
        {
            return;
        }
        foreach (var other in store.List().Where(i => i.Pool == pool && i.Uuid != now && DockerManifest.TagOf(i.Manifest, DockerManifest.Repo) == reference.Name
            && DockerManifest.TagsOf(i.Manifest?["tags"]).Contains(tag)))
        {
            store.Database.Save(pool, DockerManifest.WithoutTag(other.Manifest!, tag), other.Source);
        }
    }

    private static LayerFileFacts FactsOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Span<byte> magic = stackalloc byte[6];
        int got = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        file.Position = 0;
#pragma warning disable CA5350 // SHA-1 is what manifests want; what counts is the layer's digest.
        return new LayerFileFacts(Convert.ToHexStringLower(SHA1.HashData(file)), Decompressor.Recognise(magic[..got]) ?? "none");
#pragma warning restore CA5350
    }
}
