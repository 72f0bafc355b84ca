using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// Brings files of images into the folder of downloads, several at once. A download that was cut is continued by this or a later import;
/// what comes out is whole and has the sums of its manifest.
/// </summary>
internal sealed class ImageDownloader(ImageStore store, ImportReport report, CancellationToken cancel) : IDisposable
{
    private const int MaxTries = 5;

    // A server's line is seldom filled by one connection, and never better by many.
    private readonly SemaphoreSlim _turns = new(3);
    private readonly Lock _lock = new();
    private readonly Dictionary<Uuid, long> _done = [];
    private long _total;

    /// <summary>Whether what comes in is shown; false while something else is.</summary>
    public bool Shown { get; set; }

    /// <summary>Begins a download.</summary>
    /// <param name="zstream">What the server sends is a bare stream, which its manifest says nothing of.</param>
    /// <returns>The path of the file; throws what went wrong.</returns>
    public Task<string> Begin(ImageImporter.Found step, bool zstream)
    {
        _total += step.Manifest.File?.Size ?? 0;
        return Task.Run(async () =>
        {
            await _turns.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                return zstream ? Stream(step) : Whole(step);
            }
            finally
            {
                _turns.Release();
            }
        }, cancel);
    }

    public void Dispose() => _turns.Dispose();

    private string Whole(ImageImporter.Found step)
    {
        var (manifest, expected) = (step.Manifest, step.Manifest.File!);
        string path = Path.Combine(DownloadFolder.Make(store.Paths), $"{manifest.Uuid}.file");
        bool fresh = !File.Exists(path);
        if (!fresh && new FileInfo(path).Length == expected.Size && ImageChecksum.Fault(path, expected) is null)
        {
            Count(manifest, expected.Size);
            return path;
        }
        for (int tries = 1; ; tries++)
        {
            long had = fresh ? 0 : new FileInfo(path).Length;
            try
            {
                step.Client.Download(manifest.Uuid, path, expected.Size, done => Count(manifest, done));
            }
            catch (FetchException e) when (tries < MaxTries && !cancel.IsCancellationRequested && e.Status is null or >= 500 or 416 && Grew(path, had, e))
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
                throw ImageChecksum.Mismatch(manifest, step.Client.FileUrl(manifest.Uuid), fault);
            }
            report.Warn($"what was downloaded before of image {manifest} does not fit; starting anew");
            fresh = true;
        }
    }

    /// <summary>Nothing says how long it is or what its sum: there is nothing to continue either.</summary>
    private string Stream(ImageImporter.Found step)
    {
        string path = Path.Combine(DownloadFolder.Make(store.Paths), $"{step.Manifest.Uuid}.file");
        File.Delete(path);
        step.Client.Download(step.Manifest.Uuid, path, long.MaxValue, done => Count(step.Manifest, done));
        return path;
    }

    private void Count(ImageManifest manifest, long done)
    {
        cancel.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _done[manifest.Uuid] = done;
            if (Shown)
            {
                report.Bytes(_done.Values.Sum(), _total);
            }
        }
    }

    /// <summary>Trying again makes sense when the last try brought something, or was told to begin anew.</summary>
    private static bool Grew(string path, long had, FetchException e) =>
        e.Status == 416 || (File.Exists(path) && new FileInfo(path).Length > had);
}
