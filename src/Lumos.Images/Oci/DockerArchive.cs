using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>
/// What docker save and podman save write: a tar archive with manifest.json, which names the configuration and the layers by their
/// files. It has no digests of its layers as they lie there; where one is not compressed that is what the configuration says, and
/// else it is taken, so that it is an image like any other.
/// </summary>
public sealed class DockerArchive : IOciSource
{
    private readonly TarContents _tar;
    private readonly BlobCache _cache;
    private readonly Dictionary<OciDigest, string> _names = [];
    private readonly byte[] _manifest;

    public DockerArchive(string path, OciReference? reference, ImagePaths paths, Action<string> warn, CancellationToken stop = default)
    {
        Whence = $"docker-archive:{path}{(reference is null ? "" : ":" + reference)}";
        _cache = new BlobCache(paths, warn, stop);
        _tar = new TarContents(path, paths, stop);
        try
        {
            var image = Choose(reference);
            Reference = reference ?? Name(image);
            _manifest = ManifestOf(image);
        }
        catch
        {
            _tar.Dispose();
            throw;
        }
    }

    public string Whence { get; }

    /// <summary>What the archive calls the image; null: nothing.</summary>
    public OciReference? Reference { get; }

    public bool Copies => true;

    public void Dispose() => _tar.Dispose();

    public byte[] ReadRoot() => _manifest;

    public byte[] ReadSmall(OciDescriptor blob, bool isManifest) => ArchiveBlobs.ReadSmall(_tar, NameOf(blob), blob, Whence);

    public BlobFile Bring(OciDescriptor blob, Action<long> progress) => ArchiveBlobs.Bring(_tar, NameOf(blob), blob, _cache, Whence, progress);

    private string NameOf(OciDescriptor blob) =>
        _names.GetValueOrDefault(blob.Digest) ?? throw new LumosException("ImageNotFound", $"{Whence}: there is no {blob.Digest} in it");

    private JsonObject Choose(OciReference? reference)
    {
        byte[] bytes = _tar.Read("manifest.json", OciJson.MaxBytes)
            ?? throw new LumosException("InvalidImage", $"{Whence}: there is no manifest.json in it{(_tar.Has("index.json") ? "; it is an archive of the OCI: oci-archive:" : "")}");
        JsonObject[] images;
        try
        {
            images = [.. (JsonPath.Parse(bytes) as JsonArray ?? []).OfType<JsonObject>()];
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new LumosException("InvalidImage", $"manifest.json of {Whence} is no JSON", inner: e);
        }
        string all = string.Join(", ", images.SelectMany(image => OciJson.Texts(image["RepoTags"]) ?? []).Take(12));
        return reference is not null
            ? Array.Find(images, image => (OciJson.Texts(image["RepoTags"]) ?? []).Any(tag => Parse(tag) == reference))
                ?? throw new LumosException("ImageNotFound", $"{Whence}: there is no such image in it ({all})")
            : images.Length switch
            {
                1 => images[0],
                0 => throw new LumosException("ImageNotFound", $"{Whence} holds no image"),
                _ => throw new LumosException("ImageNotFound", $"{Whence} holds several images: say which ({all})"),
            };
    }

    private static OciReference? Name(JsonObject image) => OciJson.Texts(image["RepoTags"]) is [var first, ..] ? Parse(first) : null;

    // A name that somebody else wrote down, which may be none.
    private static OciReference? Parse(string text)
    {
        try
        {
            return OciReference.Parse(text);
        }
        catch (LumosException)
        {
            return null;
        }
    }

    private byte[] ManifestOf(JsonObject image)
    {
        string what = $"manifest.json of {Whence}";
        if (OciJson.Text(image["Config"]) is not { } config || OciJson.Texts(image["Layers"]) is not { } layers)
        {
            throw OciJson.Fault(what, "it names no configuration or no layers");
        }
        byte[] bytes = _tar.Read(config, OciJson.MaxBytes) ?? throw OciJson.Fault(what, $"there is no {config} in the archive");
        var diffIds = OciImageConfig.Parse(bytes, $"the configuration of {Whence}").DiffIds;
        if (diffIds.Length != layers.Length)
        {
            throw OciJson.Fault(what, $"it names {layers.Length} layers, and the configuration {diffIds.Length}");
        }
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["config"] = Descriptor(config, OciDigest.Of(bytes)),
            ["layers"] = new JsonArray([.. layers.Select((name, i) => (JsonNode)Descriptor(name, DigestOf(name, diffIds[i], what)))]),
        };
        return Encoding.UTF8.GetBytes(manifest.ToJsonString());
    }

    private JsonObject Descriptor(string name, OciDigest digest)
    {
        _names[digest] = name;
        return new JsonObject { ["digest"] = digest.ToString(), ["size"] = _tar.Length(name) };
    }

    private OciDigest DigestOf(string name, OciDigest diffId, string what)
    {
        if (!_tar.Has(name))
        {
            throw OciJson.Fault(what, $"there is no {name} in the archive");
        }
        if (Decompressor.Recognise(_tar.Peek(name, 6)) is null)
        {
            return diffId;
        }
        using var hash = diffId.Hash();
        _tar.Read(name, block => hash.AppendData(block));
        return diffId.Finish(hash);
    }
}
