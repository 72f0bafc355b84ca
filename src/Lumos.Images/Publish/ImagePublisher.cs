using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Sources;

namespace Lumos.Images.Publish;

/// <summary>
/// imgadm publish: an image of two files onto a server, in the three steps that IMGAPI has: made, given its file, activated.
/// Until the last of them nobody who has no key sees it. A step that fails, or an interruption, takes the image back; a run that was
/// killed leaves it unactivated, and the next run of the same image begins by taking that away.
/// </summary>
/// <param name="stop">Ends what is under way, with everything taken back.</param>
public sealed class ImagePublisher(ImgapiClient server, ImportReport report, CancellationToken stop)
{
    /// <exception cref="LumosException">ChecksumMismatch, ImageAlreadyPublished, FetchFailed … The image is not there.</exception>
    /// <exception cref="OperationCanceledException">The same.</exception>
    public ImageManifest Publish(ImageManifest manifest, string path)
    {
        var file = Describe(manifest, path);
        using var undo = new UndoStack(sentence =>
        {
            if (!sentence.StartsWith("undo: ", StringComparison.Ordinal))
            {
                report.Warn(sentence);
            }
        });
        Make(manifest);
        undo.Push($"take image {manifest} back from {server.Source.Url}", () => server.Delete(manifest.Uuid));
        report.Say($"Imported image {manifest.Uuid} ({manifest.Name}, {manifest.Version}, state=unactivated)");
        report.Stage($"Uploading {path}");
        string? guid = manifest["files.0.dataset_guid"] is { } node ? JsonPath.Text(node) : null;
        try
        {
            server.AddFile(manifest, path, file, guid, sent =>
            {
                stop.ThrowIfCancellationRequested();
                report.Bytes(sent, file.Size);
            });
        }
        catch (LumosException) when (stop.IsCancellationRequested)
        {
            // The HTTP client has its own words for what it was stopped by.
        }
        stop.ThrowIfCancellationRequested();
        report.Say($"Added file \"{path}\" (compression \"{file.Compression}\") to imported image {manifest.Uuid}");
        var active = server.Activate(manifest.Uuid);
        undo.Commit();
        report.Say($"Activated image {manifest.Uuid}");
        return active;
    }

    private void Make(ImageManifest manifest)
    {
        stop.ThrowIfCancellationRequested();
        try
        {
            _ = server.Import(manifest);
        }
        catch (FetchException e) when (e.ServerCode == "UnauthorizedError")
        {
            throw new LumosException("KeyNeeded", $"{server.Source.Url} takes images from those who have its key: --key-file names the file with it", inner: e);
        }
        catch (FetchException e) when (e.ServerCode == "ImageUuidAlreadyExists")
        {
            if (server.Find(manifest.Uuid) is not { State: "unactivated" })
            {
                throw new LumosException("ImageAlreadyPublished", $"image {manifest} is on {server.Source.Url} already; an image of other content needs another UUID");
            }
            report.Warn($"image {manifest} was begun on {server.Source.Url} and never activated; it is made anew");
            server.Delete(manifest.Uuid);
            _ = server.Import(manifest);
        }
    }

    /// <summary>What the manifest says of the file, held against the file; where it says nothing, the file itself.</summary>
    private ImageFile Describe(ImageManifest manifest, string path)
    {
        report.Stage($"Checking {path}");
        var file = manifest.File ?? ImageChecksum.Of(path, report.Bytes);
        return manifest.File is not null && ImageChecksum.Fault(path, file, report.Bytes) is { } fault
            ? throw ImageChecksum.Mismatch(manifest, path, fault)
            : file with { Compression = file.Compression ?? CompressionOf(path) };
    }

    private static string CompressionOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        Span<byte> magic = stackalloc byte[6];
        return Decompressor.Recognise(magic[..file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false)]) ?? "none";
    }
}
