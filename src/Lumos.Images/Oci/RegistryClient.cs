using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Import;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>How a registry is reached.</summary>
/// <param name="Scheme">Null: https; http too where the registry is on this machine or any certificate is taken.</param>
/// <param name="Insecure">Take any certificate.</param>
public sealed record RegistryAccess(string? Scheme = null, bool Insecure = false);

/// <summary>
/// One image of a registry that speaks the distribution protocol, version 2. What a registry says is believed of names alone: each
/// manifest and blob is checked against the digest it was asked by, and where it sends us has a fence
/// (<see cref="RedirectFence"/>), the server of its tokens included. Blocking; several threads may fetch blobs at once.
/// </summary>
public sealed partial class RegistryClient : IOciSource
{
    private const int MaxTokenBytes = 1 << 20;

    private readonly OciReference _reference;
    private readonly RegistryAccess _access;
    private readonly FetchOptions _options;
    private readonly BlobCache _cache;
    private readonly string _credentialsFile;
    private readonly Action<string> _warn;
    private readonly Lock _gate = new();
    private HttpFetcher? _http;
    private Uri? _home;
    private RedirectFence? _fence;
    private string? _authorization;

    public RegistryClient(OciReference reference, RegistryAccess access, FetchOptions options, ImagePaths paths, Action<string> warn)
    {
        _reference = reference;
        _access = access;
        _options = options with { Insecure = options.Insecure || access.Insecure };
        _cache = new BlobCache(paths, warn, options.Stop);
        _credentialsFile = paths.RegistryCredentials;
        _warn = warn;
    }

    public string Whence => $"{_reference.Name}{(_reference.Tag is null ? "" : ":" + _reference.Tag)}{(_reference.Digest is null ? "" : "@" + _reference.Digest)}";

    public bool Copies => true;

    public void Dispose() => _http?.Dispose();

    /// <summary>Whether a registry answers there, whatever it wants to know of us.</summary>
    /// <exception cref="LumosException">SourcePing</exception>
    public void Ping()
    {
        try
        {
            Connect().GetBytes(new Uri(_home!, "/v2/").AbsoluteUri, MaxTokenBytes);
        }
        catch (FetchException e) when (e.Status == 401)
        {
            // It is one, and wants a name.
        }
        catch (FetchException e)
        {
            throw new LumosException("SourcePing", $"{_reference.Registry} does not answer as a registry", inner: e);
        }
    }

    public byte[] ReadRoot()
    {
        byte[] bytes = ReadManifest(_reference.Wanted, _reference.ToString());
        return _reference.Digest is { } digest && Found(digest, bytes) is { } found ? throw Mismatch(digest, bytes.Length, found) : bytes;
    }

    public byte[] ReadSmall(OciDescriptor blob, bool isManifest)
    {
        byte[] bytes = isManifest
            ? ReadManifest(blob.Digest.ToString(), blob.Digest.ToString())
            : Ask(authorization => Connect().GetBytes(At($"blobs/{blob.Digest}"), OciJson.MaxBytes, "*/*", authorization), blob.Digest.ToString());
        return bytes.Length != blob.Size ? throw BlobFile.Mismatch(Whence, blob, $"it has {bytes.Length} bytes instead of {blob.Size}")
            : Found(blob.Digest, bytes) is { } found ? throw BlobFile.Mismatch(Whence, blob, found)
            : bytes;
    }

    public BlobFile Bring(OciDescriptor blob, Action<long> progress)
    {
        string path = _cache.PathOf(blob.Digest);
        using var held = _cache.Lock(blob.Digest);
        bool came = new PatientDownload
        {
            Path = path,
            Size = blob.Size,
            What = $"{blob.Digest}",
            Fetch = () => Ask(authorization => Connect().Download(At($"blobs/{blob.Digest}"), path, blob.Size, progress, authorization), blob.Digest.ToString()),
            Fault = () => BlobCache.Fault(path, blob),
            Mismatch = fault => BlobFile.Mismatch(Whence, blob, fault),
            Warn = _warn,
            Stop = _options.Stop,
        }.Run();
        if (!came)
        {
            progress(blob.Size);
        }
        return new BlobFile(path, Fetched: true);
    }

    private byte[] ReadManifest(string wanted, string what) =>
        Ask(authorization => Connect().GetBytes(At($"manifests/{wanted}"), OciJson.MaxBytes, OciManifest.Accept, authorization), what);

    private string At(string path) => new Uri(_home!, $"/v2/{_reference.Repository}/{path}").AbsoluteUri;

    private static string? Found(OciDigest wanted, byte[] bytes)
    {
        using var hash = wanted.Hash();
        hash.AppendData(bytes);
        return wanted.Finish(hash) is var found && found == wanted ? null : $"its digest is {found}";
    }

    private LumosException Mismatch(OciDigest digest, long size, string found) => BlobFile.Mismatch(Whence, new OciDescriptor("", digest, size), found);

    private HttpFetcher Connect()
    {
        lock (_gate)
        {
            return _http ??= Reach();
        }
    }

    // Whoever runs a registry on their own machine, or takes any certificate, may have none at all.
    private HttpFetcher Reach()
    {
        bool mayBePlain = _access.Scheme is null && (_options.Insecure || Uri.TryCreate($"https://{_reference.Host}/", UriKind.Absolute, out var uri) && uri.IsLoopback);
        if (!mayBePlain)
        {
            return Open(_access.Scheme ?? "https");
        }
        var secure = Open("https");
        try
        {
            secure.GetBytes(new Uri(_home!, "/v2/").AbsoluteUri, MaxTokenBytes);
            return secure;
        }
        catch (FetchException e) when (e.Status is not null)
        {
            return secure;
        }
        catch (FetchException)
        {
            secure.Dispose();
            return Open("http");
        }
    }

    private HttpFetcher Open(string scheme)
    {
        _home = new Uri($"{scheme}://{_reference.Host}/");
        _fence = new RedirectFence(_home);
        return new HttpFetcher(_options with { Fence = _fence });
    }
}
