using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// Brings files of images into the folder of downloads, several at once. A download that was cut is continued by this or a later import;
/// what comes out is whole and has the sums of its manifest.
/// </summary>
internal sealed class ImageDownloader(ImageStore store, ImportReport report, CancellationToken cancel) : IDisposable
{
    // A server's line is seldom filled by one connection, and never better by many.
    private readonly SemaphoreSlim _turns = new(3);
    private readonly Lock _lock = new();
    private readonly Dictionary<Uuid, long> _done = [];
    private long _total;

    /// <summary>Whether what comes in is shown; false while something else is.</summary>
    public bool Shown { get; set; }

    /// <summary>Begins a download.</summary>
    /// <param name="zstream">What the server sends is a bare stream, which its manifest says nothing of.</param>
    /// <returns>The file on its way; of a bare stream, of which no sum tells whether it is right, there is nothing to follow.</returns>
    public ArrivingFile Begin(ImageImporter.Found step, bool zstream)
    {
        _total += step.Manifest.File?.Size ?? 0;
        var file = new ArrivingFile(Path.Combine(DownloadFolder.Make(store.Paths), $"{step.Manifest.Uuid}.file"), step.Manifest.File?.Size ?? 0, cancel);
        file.Download = Task.Run(async () =>
        {
            await _turns.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                return zstream ? Stream(step, file.Path) : Whole(step, file);
            }
            finally
            {
                _turns.Release();
            }
        }, cancel);
        return file;
    }

    public void Dispose() => _turns.Dispose();

    private string Whole(ImageImporter.Found step, ArrivingFile arriving)
    {
        var (manifest, expected, path) = (step.Manifest, step.Manifest.File!, arriving.Path);
        bool came = new PatientDownload
        {
            Path = path,
            Size = expected.Size,
            What = $"image {manifest}",
            Fetch = () => step.Client.Download(manifest.Uuid, path, expected.Size, done =>
            {
                arriving.Grew(done);
                Count(manifest, done);
            }),
            Fault = () => ImageChecksum.Fault(path, expected),
            Mismatch = fault => ImageChecksum.Mismatch(manifest, step.Client.FileUrl(manifest.Uuid), fault),
            Warn = report.Warn,
            Stop = cancel,
        }.Run();
        if (!came)
        {
            Count(manifest, expected.Size);
        }
        return path;
    }

    /// <summary>Nothing says how long it is or what its sum: there is nothing to continue either.</summary>
    private string Stream(ImageImporter.Found step, string path)
    {
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
}
