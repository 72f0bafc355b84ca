using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Model;

namespace Lumos.Images.Sources;

/// <summary>The calls of an IMGAPI server that imgadm makes.</summary>
/// <param name="source">Which server.</param>
/// <param name="options">How to fetch; the source's own insecure flag is added.</param>
/// <param name="channel">Overrides the source's channel.</param>
public sealed partial class ImgapiClient(ImageSource source, FetchOptions options, string? channel = null) : IDisposable
{
    private const int MaxListBytes = 64 << 20;

    private readonly HttpFetcher _http = new(options with
    {
        Insecure = options.Insecure || source.Insecure,
        Bearer = options.Bearer ?? (source.KeyFile is { } file ? SourceKey.Read(file) : null),
        Fence = new RedirectFence(new Uri(source.Url)),
    });

    // Of a dsapi source: where the files of the images are that it was asked for.
    private readonly ConcurrentDictionary<Uuid, string> _filePaths = [];

    private readonly bool _old = source.Type == ImageSource.Dsapi;

    public ImageSource Source => source;

    public void Dispose() => _http.Dispose();

    /// <summary>Whether an IMGAPI answers there.</summary>
    /// <exception cref="LumosException">SourcePing, with the reason.</exception>
    public void Ping()
    {
        try
        {
            if (_old && Get(source.At("datasets"), MaxListBytes) is JsonArray)
            {
                return;
            }
            if (!_old && Get(source.At("ping", channel), 64 << 10) is JsonObject o && JsonPath.Text(o["ping"]) == "pong")
            {
                return;
            }
        }
        catch (LumosException e) when (e.Code is "FetchFailed" or "InvalidAnswer")
        {
            throw new LumosException("SourcePing", $"source {source.Url} does not answer as an image server", inner: e);
        }
        throw new LumosException("SourcePing", $"source {source.Url} answers, but not as an image server");
    }

    /// <summary>All active images. Manifests that are not valid are left out and counted.</summary>
    public IReadOnlyList<ImageManifest> List(out int invalid)
    {
        string url = _old ? source.At("datasets") : source.At("images", channel, "state=active");
        invalid = 0;
        var list = new List<ImageManifest>();
        foreach (var listed in Get(url, MaxListBytes) as JsonArray ?? throw Wrong(url, "it is no list"))
        {
            var node = _old ? DsapiManifest.ToVersion2(listed) : listed;
            if (ManifestRules.Check(node).Count == 0)
            {
                list.Add(ImageManifest.From(node, url));
            }
            else
            {
                invalid++;
            }
        }
        return list;
    }

    /// <summary>One manifest; null: this source does not have it.</summary>
    public ImageManifest? Find(Uuid uuid)
    {
        string url = _old ? source.At($"datasets/{uuid}") : source.At($"images/{uuid}", channel);
        JsonNode? node;
        try
        {
            node = Get(url, ImageManifest.MaxBytes);
        }
        catch (FetchException e) when (e.IsNotFound)
        {
            return null;
        }
        if (_old)
        {
            _filePaths[uuid] = DsapiManifest.FilePath(node) ?? "";
            node = DsapiManifest.ToVersion2(node);
        }
        var manifest = ImageManifest.From(node, url);
        return manifest.Uuid == uuid ? manifest : throw Wrong(url, $"it is the manifest of {manifest.Uuid}");
    }

    /// <summary>Brings the image's stream to a file, continuing what is there.</summary>
    public DownloadResult Download(Uuid uuid, string path, long size, Action<long>? progress) =>
        _http.Download(FileUrl(uuid), path, size, progress);

    /// <summary>Where the image's stream is; of a dsapi source, once the image was found there.</summary>
    public string FileUrl(Uuid uuid) =>
        !_old ? source.At($"images/{uuid}/file", channel)
        : _filePaths.GetValueOrDefault(uuid) is { Length: > 0 } file ? source.At($"datasets/{uuid}/{file}")
        : throw Wrong(source.At($"datasets/{uuid}"), "it names no file, or one that lies elsewhere");

    private JsonNode? Get(string url, int maxBytes)
    {
        byte[] bytes = _http.GetBytes(url, maxBytes);
        try
        {
            return JsonPath.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidAnswer", $"what {url} answered is no JSON", inner: e);
        }
    }

    private static LumosException Wrong(string url, string why) => new("InvalidAnswer", $"{url} gave a wrong answer: {why}");
}
