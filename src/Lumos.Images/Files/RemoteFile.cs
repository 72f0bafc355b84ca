using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Drivers.Files;
using Lumos.Images.Import;
using Lumos.Images.Store;

namespace Lumos.Images.Files;

/// <summary>
/// A file of a web server, whose SHA-256 the user knows from elsewhere: brought to DOWNLOADS/SHA256/NAME, where a cut download is
/// continued by the next attempt, and checked before anybody looks into it.
/// </summary>
internal sealed class RemoteFile : IDisposable
{
    private readonly FileLock _held;

    private RemoteFile(FileInfo file, FileLock held) => (File, _held) = (file, held);

    public FileInfo File { get; }

    public static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    /// <exception cref="LumosException">FetchFailed; ChecksumMismatch: the file is deleted.</exception>
    public static RemoteFile Fetch(string url, string sha256, ImageStore store, string pool, FetchOptions options, ImportReport report)
    {
        if (!IsSum(sha256))
        {
            throw new UsageException($"--sha256 {sha256} is not 64 hexadecimal digits in lower case");
        }
        var held = FileLock.Acquire(Path.Combine(Path.GetFullPath(store.Paths.Locks), LockOf(sha256)), onWait: report.Warn, stop: report.Stop);
        try
        {
            return new RemoteFile(Bring(url, sha256, store, pool, options, report), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static FileInfo Bring(string url, string sha256, ImageStore store, string pool, FetchOptions options, ImportReport report)
    {
        string folder = Path.Combine(DownloadFolder.Make(store.Paths), sha256);
        Directory.CreateDirectory(folder);
        var file = new FileInfo(Path.Combine(folder, NameOf(url)));
        using var http = new HttpFetcher(options with { Fence = new RedirectFence(new Uri(url)) });
        try
        {
            _ = new PatientDownload
            {
                Path = file.FullName,
                Size = null,
                What = url,
                Fetch = () => Fetch(http, url, file, store, pool, report),
                Fault = () => Sum(file, report) is var found && found != sha256 ? found : null,
                Mismatch = found => new LumosException("ChecksumMismatch", $"{url} has the SHA-256 {found}, not {sha256}"),
                Warn = report.Warn,
                Stop = report.Stop,
            }.Run();
        }
        finally
        {
            if (!System.IO.File.Exists(file.FullName))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        file.Refresh();
        return file;
    }

    private static void Fetch(HttpFetcher http, string url, FileInfo file, ImageStore store, string pool, ImportReport report)
    {
        report.Stage($"Downloading {file.Name}");
        file.Refresh();
        // One that says no length is not let go on until nothing is left.
        long had = file.Exists ? file.Length : 0, most = had + RoomCheck.LeftForDownloads(store.Paths), total = 0;
        _ = http.Download(url, file.FullName, most, done => report.Bytes(done, total), announced: coming =>
        {
            total = had + coming;
            RoomCheck.OfDownloads(store, coming, url);
            RoomCheck.OfPool(store, pool, coming, url);
        });
    }

    /// <summary>The SHA-256 of a file.</summary>
    public static string Sum(FileInfo file, ImportReport report)
    {
        report.Stage($"Checking {file.Name}");
        using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[256 << 10];
        long done = 0;
        while (stream.Read(block) is var got and > 0)
        {
            hash.AppendData(block, 0, got);
            report.Bytes(done += got, stream.Length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static bool IsSum(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The lock of who fetches a file and makes an image of it, by its sum.</summary>
    public static string LockOf(string sha256) => $"img.file.{sha256}.lock";

    /// <summary>It has been installed, and is not needed any more.</summary>
    public void Remove() => File.Directory!.Delete(recursive: true);

    public void Dispose() => _held.Dispose();

    private static string NameOf(string url)
    {
        string last = Uri.UnescapeDataString(new Uri(url).Segments[^1].TrimEnd('/'));
        string name = string.Concat(last.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).TrimStart('.');
        return name.Length is > 0 and < 200 ? name : "file";
    }
}
