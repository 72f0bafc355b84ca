using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// imgadm import: find the image in the sources, then its origins until one is installed, then bring them in from the
/// oldest on. Each is downloaded to /var/tmp/.imgadm-downloads/UUID.file, where a cut download is continued by this or a
/// later import, checked as a whole, and only then given to <see cref="ImageInstaller"/>: no byte that was not checked
/// reaches the kernel. An import of an image that is being imported waits, then finds it done.
/// </summary>
public sealed class ImageImporter(ImageStore store, IReadOnlyList<ImgapiClient> sources, ImportReport report)
{
    /// <summary>How long a chain of increments may be.</summary>
    public const int MaxOriginDepth = 64;

    private const int MaxTries = 5;

    /// <summary>An image found, and where.</summary>
    public sealed record Found(ImageManifest Manifest, ImgapiClient Client);

    /// <summary>The first source that has the image; the others are not asked. A source that fails counts only if none has it.</summary>
    /// <exception cref="LumosException">NoSources; ActiveImageNotFound; the failure of a source.</exception>
    public Found Find(Uuid uuid)
    {
        if (sources.Count == 0)
        {
            throw new LumosException("NoSources", "imgadm has no image sources; add one with \"imgadm sources -a URL\"");
        }
        LumosException? failure = null;
        foreach (var client in sources)
        {
            try
            {
                if (client.Find(uuid) is { } manifest)
                {
                    return new Found(manifest, client);
                }
            }
            catch (LumosException e)
            {
                if (failure is not null)
                {
                    report.Warn(LumosException.Describe(failure));
                }
                failure = e;
            }
        }
        throw failure is null
            ? new LumosException("ActiveImageNotFound", $"image {uuid} was not found in any image source")
            : new LumosException("ActiveImageNotFound", $"image {uuid} was not found, and not every image source could be asked", inner: failure);
    }

    /// <summary>Imports an image and what it is based on. One that is installed already is a note, not an error.</summary>
    public InstalledImage Import(Uuid uuid, string pool)
    {
        if (store.TryGet(uuid, out var there, pool))
        {
            report.Say($"Image {Describe(there)} is already installed, skipping");
            return there;
        }
        RequirePool(pool);
        var plan = Plan(uuid, pool);
        InstalledImage? last = null;
        foreach (var step in plan)
        {
            last = ImportOne(step, pool);
        }
        return last!;
    }

    /// <summary>What has to come, the oldest first.</summary>
    /// <exception cref="LumosException">ImageNotActive, OriginNotFoundInSource, MinPlatform …</exception>
    public IReadOnlyList<Found> Plan(Uuid uuid, string pool)
    {
        var head = Find(uuid);
        if (!head.Manifest.IsActive)
        {
            throw new LumosException("ImageNotActive", $"image {head.Manifest} is not active (its state is {head.Manifest.State})");
        }
        var chain = new List<Found> { head };
        while (chain[0].Manifest.Origin is { } origin && !store.TryGet(origin, out _, pool))
        {
            if (chain.Count >= MaxOriginDepth || chain.Any(f => f.Manifest.Uuid == origin))
            {
                throw new LumosException("InvalidImage", $"image {head.Manifest} has no end of origins: {origin} comes again, or there are too many");
            }
            // Its state does not matter: an origin may have been retired while its increments live on.
            var manifest = head.Client.Find(origin) ?? throw new LumosException("OriginNotFoundInSource",
                $"image {chain[0].Manifest} is an increment of image {origin}, which {head.Client.Source.Url} does not have");
            chain.Insert(0, new Found(manifest, head.Client));
        }
        foreach (var step in chain)
        {
            PlatformRequirements.CheckRunning(step.Manifest, store.Paths);
            if (step.Manifest.File is null)
            {
                throw new LumosException("InvalidImage", $"the manifest of image {step.Manifest} names no file");
            }
        }
        return chain;
    }

    private InstalledImage ImportOne(Found step, string pool)
    {
        var manifest = step.Manifest;
        using var held = ImageInstaller.Lock(store, manifest.Uuid, report);
        if (store.TryGet(manifest.Uuid, out var there, pool))
        {
            report.Say($"Image {manifest} is already installed, skipping");
            return there;
        }
        var installer = new ImageInstaller(store, report);
        installer.RequireOrigin(manifest, pool);
        string file = Download(step);
        report.Stage($"Installing image {manifest}");
        var image = installer.Install(manifest, file, pool, step.Client.Source.Url);
        File.Delete(file);
        report.Say($"Imported image {manifest}");
        return image;
    }

    /// <summary>The whole, checked file in the cache.</summary>
    private string Download(Found step)
    {
        var (manifest, expected) = (step.Manifest, step.Manifest.File!);
        string path = Path.Combine(MakeCache(), $"{manifest.Uuid}.file");
        bool fresh = !File.Exists(path);
        if (!fresh && new FileInfo(path).Length == expected.Size && ImageChecksum.Fault(path, expected) is null)
        {
            report.Stage($"Image {manifest} was downloaded before");
            return path;
        }
        report.Stage($"Downloading image {manifest}");
        for (int tries = 1; ; tries++)
        {
            long had = fresh ? 0 : new FileInfo(path).Length;
            try
            {
                step.Client.Download(manifest.Uuid, path, expected.Size, done => report.Bytes(done, expected.Size));
            }
            catch (FetchException e) when (tries < MaxTries && e.Status is null or >= 500 or 416 && Grew(path, had, e))
            {
                report.Warn($"{LumosException.Describe(e)}; trying again");
                fresh = false;
                continue;
            }
            if (ImageChecksum.Fault(path, expected) is not { } fault)
            {
                return path;
            }
            bool resumed = had > 0;
            // Bytes known to be wrong are of no use to anyone; a continued file may only have had a wrong beginning.
            File.Delete(path);
            if (!resumed || tries >= MaxTries)
            {
                throw ImageChecksum.Mismatch(manifest, step.Client.Source.At($"images/{manifest.Uuid}/file"), fault);
            }
            report.Warn($"what was downloaded before of image {manifest} does not fit; starting anew");
            fresh = true;
        }
    }

    /// <summary>Trying again makes sense when the last try brought something, or was told to begin anew.</summary>
    private static bool Grew(string path, long had, FetchException e) =>
        e.Status == 416 || (File.Exists(path) && new FileInfo(path).Length > had);

    private string MakeCache()
    {
        string folder = store.Paths.Downloads;
        // /var/tmp is everybody's: a link put there in our place must not lead us elsewhere.
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            throw new LumosException("UnsafeCache", $"{folder} is a symbolic link; remove it");
        }
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private void RequirePool(string pool)
    {
        if (!Drivers.Datasets.DatasetName.TryParse(pool, out var name) || name.Parent is not null || !store.Datasets.Exists(name))
        {
            throw new LumosException("PoolNotFound", $"there is no pool {pool}; -P names another one");
        }
    }

    private static string Describe(InstalledImage image) => image.Manifest?.ToString() ?? image.Uuid.ToString();
}
