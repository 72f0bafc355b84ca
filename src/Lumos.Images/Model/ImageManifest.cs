using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Model;

/// <summary>
/// An image's manifest, version 2 as SmartOS writes it. The JSON is kept whole, so that keys we do not know come out as
/// they went in; the members read the ones we act upon. Always valid: <see cref="Parse(string, string)"/> refuses what
/// <see cref="ManifestRules"/> finds fault with. Immutable.
/// </summary>
public sealed class ImageManifest
{
    /// <summary>Manifests are a few KiB; more than this is refused before it is parsed.</summary>
    public const int MaxBytes = 4 << 20;

    private readonly JsonObject _json;

    private ImageManifest(JsonObject json) => _json = json;

    public Uuid Uuid => Uuid.Parse(Text("uuid")!);

    public string Name => Text("name")!;

    public string Version => Text("version")!;

    /// <summary>zone-dataset, lx-dataset, zvol, docker, lxd or other.</summary>
    public string Type => Text("type")!;

    /// <summary>smartos, linux, windows, bsd, illumos or other.</summary>
    public string Os => Text("os")!;

    /// <summary>Null: not said (a local manifest), which counts as active.</summary>
    public string? State => Text("state");

    public bool IsActive => State is null or "active";

    /// <summary>ISO time, as written.</summary>
    public string? PublishedAt => Text("published_at");

    /// <summary>The image this one is an increment of.</summary>
    public Uuid? Origin => Text("origin") is { } text ? Uuid.Parse(text) : null;

    /// <summary>The stream; null in a manifest that was made without one.</summary>
    public ImageFile? File => (_json["files"] as JsonArray)?.FirstOrDefault() is JsonObject file ? ImageFile.From(file) : null;

    /// <summary>MiB; of volumes.</summary>
    public long? ImageSize => Number(_json, "image_size");

    public ImageRequirements Requirements => new(_json["requirements"] as JsonObject ?? []);

    /// <summary>True for an image of a volume (for hardware virtual machines), false for that of a file system.</summary>
    public bool IsVolume => Type == "zvol";

    /// <summary>The JSON itself, to look into and never to change.</summary>
    internal JsonObject Json => _json;

    /// <summary>A copy of the whole JSON.</summary>
    public JsonObject ToJson() => (JsonObject)_json.DeepClone();

    /// <summary>A member of the JSON, by path (requirements.min_ram); null when it is not there. Do not change it.</summary>
    public JsonNode? this[string path] => JsonPath.Find(_json, path);

    /// <summary>Parses and checks.</summary>
    /// <param name="json">The text.</param>
    /// <param name="whence">Where it is from, for the message: a file or a URL.</param>
    /// <exception cref="LumosException">InvalidManifest: no JSON; ManifestValidation: all its faults in one sentence.</exception>
    public static ImageManifest Parse(string json, string whence)
    {
        JsonNode? node;
        try
        {
            node = JsonPath.Parse(System.Text.Encoding.UTF8.GetBytes(json));
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidManifest", $"the manifest from {whence} is no JSON", inner: e);
        }
        return Owning(node, whence);
    }

    /// <inheritdoc cref="Parse(string, string)"/>
    public static ImageManifest From(JsonNode? node, string whence)
    {
        return new ImageManifest((JsonObject)Check(node, whence).DeepClone());
    }

    /// <summary>The same of JSON that is nobody else's and will not be changed.</summary>
    internal static ImageManifest Owning(JsonNode? node, string whence) => new(Check(node, whence));

    private static JsonObject Check(JsonNode? node, string whence)
    {
        var faults = ManifestRules.Check(node);
        if (faults.Count > 0)
        {
            string name = node is JsonObject o && o["uuid"] is JsonValue v && v.TryGetValue(out string? uuid) && Uuid.IsValid(uuid)
                ? $" of image {uuid}"
                : "";
            throw new LumosException("ManifestValidation",
                $"the manifest{name} from {whence} is invalid: {string.Join("; ", faults)}");
        }
        return (JsonObject)node!;
    }

    /// <summary>"uuid (name@version)", for messages.</summary>
    public override string ToString() => $"{Uuid} ({Name}@{Version})";

    internal static long? Number(JsonObject json, string key) =>
        json[key] is JsonValue value && value.TryGetValue(out double number)
            ? (long)number
            : null;

    private string? Text(string key) => _json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

/// <summary>The image's stream of bytes.</summary>
/// <param name="Size">Bytes, compressed.</param>
/// <param name="Sha1">40 lower-case hexadecimal digits.</param>
/// <param name="Sha256">64 lower-case hexadecimal digits, where the manifest has one ("sha256", or a "digest" of sha256:…).</param>
/// <param name="Compression">none, gzip, bzip2, xz or zstd; what the bytes themselves say counts.</param>
public sealed record ImageFile(long Size, string Sha1, string? Sha256, string? Compression)
{
    /// <summary>128 lower-case hexadecimal digits, where the manifest has a "digest" of sha512:….</summary>
    public string? Sha512 { get; init; }

    internal static ImageFile From(JsonObject json)
    {
        string? Text(string key) => json[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;
        string? Digest(string kind) => Text("digest") is { } digest && digest.StartsWith(kind, StringComparison.Ordinal) ? digest[kind.Length..] : null;
        return new ImageFile(ImageManifest.Number(json, "size")!.Value, Text("sha1")!, Text("sha256") ?? Digest("sha256:"), Text("compression"))
        {
            Sha512 = Digest("sha512:"),
        };
    }
}

/// <summary>What an image asks of the machine and of its VM.</summary>
public sealed class ImageRequirements(JsonObject json)
{
    /// <summary>MiB.</summary>
    public long? MinRam => ImageManifest.Number(json, "min_ram");

    /// <summary>MiB.</summary>
    public long? MaxRam => ImageManifest.Number(json, "max_ram");

    /// <summary>The only brand its VMs may have.</summary>
    public string? Brand => json["brand"] is JsonValue v && v.TryGetValue(out string? brand) ? brand : null;

    public string? Bootrom => json["bootrom"] is JsonValue v && v.TryGetValue(out string? bootrom) ? bootrom : null;

    /// <summary>SDC version → the oldest platform stamp that will do.</summary>
    public IReadOnlyDictionary<string, string> MinPlatform => Stamps("min_platform");

    /// <summary>SDC version → the newest platform stamp that will do.</summary>
    public IReadOnlyDictionary<string, string> MaxPlatform => Stamps("max_platform");

    private Dictionary<string, string> Stamps(string key) =>
        (json[key] as JsonObject ?? []).ToDictionary(p => p.Key, p => p.Value!.GetValue<string>());
}
