using Lumos.Drivers.Files;
using Lumos.Images.Import;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>
/// Blobs that were fetched, in files named by their digests: a download that was cut is gone on with, by whoever asks for the same
/// blob next. They go when the image they were fetched for is there.
/// </summary>
internal sealed class BlobCache(ImagePaths paths, Action<string> warn, CancellationToken stop)
{
    /// <summary>Where a blob is, or is to be; the folder is made.</summary>
    public string PathOf(OciDigest digest) => Path.Combine(DownloadFolder.Make(paths), $"{digest.Algorithm}-{digest.Digits}.blob");

    /// <summary>Held by whoever fetches the blob.</summary>
    public FileLock Lock(OciDigest digest) =>
        FileLock.Acquire(Path.Combine(Path.GetFullPath(paths.Locks), LockOf(digest.Digits)), onWait: warn, stop: stop);

    public static string LockOf(string digits) => $"img.blob.{digits}.lock";

    /// <summary>What is wrong with what is there; null: it is the blob.</summary>
    public static string? Fault(string path, OciDescriptor blob, Action<long>? progress = null)
    {
        long length = new FileInfo(path).Length;
        return length != blob.Size ? $"it has {length} bytes instead of {blob.Size}"
            : blob.Digest.OfFile(path, progress) is var found && found != blob.Digest ? $"its digest is {found}"
            : null;
    }
}
