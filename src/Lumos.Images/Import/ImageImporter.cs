using Lumos.Core;
using Lumos.Images.Files;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// imgadm import: find the image in the sources, then its origins until one is installed, then bring them in. Their files are
/// downloaded side by side to /var/tmp/.imgadm-downloads/UUID.file, where a cut download is continued by this or a later import, and given
/// to <see cref="ImageInstaller"/>, the oldest first, while they come; what is made of one is an image once the whole has the sums of its manifest, and is gone
/// if it has not (decision 0033). An import of an image that is being imported waits, then finds it done.
/// </summary>
public sealed class ImageImporter(ImageStore store, IReadOnlyList<ImgapiClient> sources, ImportReport reportTo)
{
    private readonly ImportReport _report = reportTo.OneAtATime();

    /// <summary>How long a chain of increments may be.</summary>
    public const int MaxOriginDepth = 64;

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
                    _report.Warn(LumosException.Describe(failure));
                }
                failure = e;
            }
        }
        throw failure is null
            ? new LumosException("ActiveImageNotFound", $"image {uuid} was not found in any image source")
            : new LumosException("ActiveImageNotFound", $"image {uuid} was not found, and not every image source could be asked", inner: failure);
    }

    /// <summary>Imports an image and what it is based on. One that is installed already is a note, not an error.</summary>
    /// <param name="zstream">The server sends bare streams, whatever the manifests say of files.</param>
    public InstalledImage Import(Uuid uuid, string pool, bool zstream = false)
    {
        if (store.TryGet(uuid, out var there, pool))
        {
            _report.Say($"Image {Describe(there)} is already installed, skipping");
            return there;
        }
        RequirePool(pool);
        var plan = Plan(uuid, pool, zstream);
        var held = new List<IDisposable>();
        try
        {
            foreach (var step in plan) // the oldest first, as everybody does who wants more than one
            {
                held.Add(ImageInstaller.Lock(store, step.Manifest.Uuid, _report));
            }
            return ImportAll(plan, pool, zstream);
        }
        finally
        {
            held.ForEach(each => each.Dispose());
        }
    }

    /// <summary>What has to come, the oldest first.</summary>
    /// <exception cref="LumosException">ImageNotActive, OriginNotFoundInSource, MinPlatform …</exception>
    public IReadOnlyList<Found> Plan(Uuid uuid, string pool, bool zstream = false)
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
            if (step.Manifest.File is null && !zstream)
            {
                throw new LumosException("InvalidImage", $"the manifest of image {step.Manifest} names no file");
            }
        }
        return chain;
    }

    private InstalledImage ImportAll(IReadOnlyList<Found> plan, string pool, bool zstream)
    {
        var (waited, steps) = (new List<InstalledImage>(), new List<Found>());
        foreach (var step in plan)
        {
            if (store.TryGet(step.Manifest.Uuid, out var there, pool))
            {
                _report.Say($"Image {step.Manifest} is already installed, skipping");
                waited.Add(there);
            }
            else
            {
                steps.Add(step);
            }
        }
        if (steps.Count == 0)
        {
            return waited[^1];
        }
        RequireRoom(steps, pool, zstream);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_report.Stop);
        using var downloader = new ImageDownloader(store, _report, stop.Token);
        var downloads = steps.ConvertAll(step => downloader.Begin(step, zstream));
        try
        {
            InstalledImage? last = null;
            foreach (var (step, download) in steps.Zip(downloads))
            {
                last = Follow(step, download, pool) ?? Install(step, Await(step, download.Download, downloader), pool);
            }
            return last!;
        }
        finally
        {
            stop.Cancel();
            Task.WhenAll(downloads.Select(each => each.Download)).ContinueWith(_ => { }, TaskScheduler.Default).GetAwaiter().GetResult();
        }
    }

    private string Await(Found step, Task<string> download, ImageDownloader downloader)
    {
        if (!download.IsCompleted)
        {
            _report.Stage($"Downloading image {step.Manifest}");
            downloader.Shown = true;
        }
        try
        {
            return download.GetAwaiter().GetResult();
        }
        finally
        {
            downloader.Shown = false;
        }
    }

    /// <summary>Installs what comes while it comes. Null: it is here already, or has to be as a whole first.</summary>
    private InstalledImage? Follow(Found step, ArrivingFile file, string pool)
    {
        if (file.Size == 0)
        {
            return null;
        }
        var installer = new ImageInstaller(store, _report);
        installer.RequireOrigin(step.Manifest, pool);
        try
        {
            if (!file.WaitForBeginning()) // one of several may have been begun anew before its turn
            {
                return null;
            }
            using var content = ImageContent.Open(file, store, _report);
            if (content is null)
            {
                return null;
            }
            _report.Stage($"Importing image {step.Manifest}");
            var image = installer.Install(step.Manifest, content, pool, step.Client.Source.Url, file.Check);
            File.Delete(file.Path);
            _report.Say($"Imported image {step.Manifest}");
            return image;
        }
        catch (LumosException e) when (!_report.Stop.IsCancellationRequested && IsOfTheDownload(e, file))
        {
            return null; // whose own words come when it is waited for; one that was begun anew goes well the second time
        }
    }

    /// <summary>Whether something failed because its bytes were not what they had to be: that is known when all of them are there.</summary>
    private static bool IsOfTheDownload(LumosException e, ArrivingFile file)
    {
        if (e.Code is ArrivingFile.BegunAnew or PoolRoom.NoneCode)
        {
            return e.Code == ArrivingFile.BegunAnew;
        }
        Task.WhenAny(file.Download).GetAwaiter().GetResult();
        return file.WasBegunAnew || !file.Download.IsCompletedSuccessfully;
    }

    private InstalledImage Install(Found step, string file, string pool)
    {
        _report.Stop.ThrowIfCancellationRequested();
        var installer = new ImageInstaller(store, _report);
        installer.RequireOrigin(step.Manifest, pool);
        _report.Stage($"Installing image {step.Manifest}");
        var image = installer.Install(step.Manifest, file, pool, step.Client.Source.Url);
        File.Delete(file);
        _report.Say($"Imported image {step.Manifest}");
        return image;
    }

    private void RequireRoom(List<Found> steps, string pool, bool zstream)
    {
        if (zstream)
        {
            return; // nobody knows
        }
        string what = $"image {steps[^1].Manifest}{(steps.Count > 1 ? " with its origins" : "")}";
        RoomCheck.OfPool(store, pool, steps.Sum(s => s.Manifest.File!.Size), what);
        RoomCheck.OfDownloads(store, steps.Sum(s => Missing(s.Manifest)), what);
    }

    private long Missing(ImageManifest manifest) =>
        Math.Max(0, manifest.File!.Size - (new FileInfo(Path.Combine(store.Paths.Downloads, $"{manifest.Uuid}.file")) is { Exists: true } file ? file.Length : 0));

    private void RequirePool(string pool)
    {
        if (!Drivers.Datasets.DatasetName.TryParse(pool, out var name) || name.Parent is not null || !store.Datasets.Exists(name))
        {
            throw new LumosException("PoolNotFound", $"there is no pool {pool}; -P names another one");
        }
    }

    private static string Describe(InstalledImage image) => image.Manifest?.ToString() ?? image.Uuid.ToString();
}
