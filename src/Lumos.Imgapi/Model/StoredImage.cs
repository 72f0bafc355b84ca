using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>A file of the store, with everything that was found out about it while it came.</summary>
/// <param name="Sha256">Its name in the store.</param>
/// <param name="Md5">In base64, as the header Content-MD5 has it.</param>
public sealed record StoredFile(string Sha256, string Sha1, string Md5, long Size);

/// <summary>What an image's file has to be: what its manifest said before it came. Null: not said.</summary>
public sealed record ExpectedFile(long? Size, string? Sha1, string? Sha256)
{
    public static readonly ExpectedFile Anything = new(null, null, null);

    /// <summary>Null: it is the one; else what is wrong, as the end of a sentence.</summary>
    public string? Fault(StoredFile file) =>
        Size is { } size && size != file.Size ? $"has {file.Size} bytes, not {size}"
        : Sha1 is { } sha1 && sha1 != file.Sha1 ? $"has the SHA-1 {file.Sha1}, not {sha1}"
        : Sha256 is { } sha256 && sha256 != file.Sha256 ? $"has the SHA-256 {file.Sha256}, not {sha256}"
        : null;
}

/// <summary>
/// An image as the server knows it: the manifest that it shows, and what it keeps beside that. Immutable; a change makes
/// another one (<see cref="ImageChanges"/>). The manifest's text is made once, since a list of ten thousand is made of them.
/// </summary>
public sealed class StoredImage
{
    private readonly JsonObject _manifest;

    /// <param name="manifest">Valid and whole; not to be changed by anyone afterwards.</param>
    /// <param name="createdAt">When it came here.</param>
    public StoredImage(JsonObject manifest, string createdAt)
    {
        _manifest = manifest;
        CreatedAt = createdAt;
        Uuid = Uuid.Parse(Text("uuid")!);
        Name = Text("name")!;
        Version = Text("version")!;
        Type = Text("type")!;
        Os = Text("os")!;
        State = Text("state")!;
        Origin = Text("origin") is { } origin ? Uuid.Parse(origin) : null;
        IsPublic = Flag("public");
        SortKey = Text("published_at") ?? createdAt;
        Json = Images.Model.JsonPath.Compact(manifest);
    }

    public string CreatedAt { get; }

    public Uuid Uuid { get; }

    public string Name { get; }

    public string Version { get; }

    public string Type { get; }

    public string Os { get; }

    /// <summary>unactivated, active or disabled.</summary>
    public string State { get; }

    public bool IsActivated => State != ImageChanges.Unactivated;

    public bool IsPublic { get; }

    public Uuid? Origin { get; }

    /// <summary>Null while nothing was uploaded.</summary>
    public StoredFile? File { get; init; }

    public StoredFile? Icon { get; init; }

    public string? IconType { get; init; }

    /// <summary>What was said of the file before it came.</summary>
    public ExpectedFile Expected { get; init; } = ExpectedFile.Anything;

    /// <summary>Lists are in this order: when it was published.</summary>
    public string SortKey { get; }

    /// <summary>The manifest as it is sent.</summary>
    public byte[] Json { get; }

    /// <summary>A copy.</summary>
    public JsonObject Manifest => (JsonObject)_manifest.DeepClone();

    public IEnumerable<string> Blobs => new[] { File?.Sha256, Icon?.Sha256 }.OfType<string>();

    public string? Text(string key) => _manifest[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public bool Flag(string key) => _manifest[key] is JsonValue value && value.TryGetValue(out bool flag) && flag;

    public IEnumerable<string> Texts(string key) =>
        _manifest[key] is JsonArray list ? list.OfType<JsonValue>().Select(v => v.TryGetValue(out string? text) ? text : null).OfType<string>() : [];

    /// <summary>A tag's value as text; null: it has no such tag.</summary>
    public string? Tag(string key) => _manifest["tags"] is JsonObject tags ? JsonPath.Text(tags[key]) : null;

    public bool IsIn(string channel) => Texts("channels").Contains(channel);

    /// <summary>The manifest with what only administrators see.</summary>
    public byte[] JsonForAdministrators()
    {
        var manifest = Manifest;
        manifest["created_at"] = CreatedAt;
        if (manifest["files"] is JsonArray { Count: > 0 } files && files[0] is JsonObject file && File is not null)
        {
            file["stor"] = "local";
            file["contentMD5"] = File.Md5;
        }
        return JsonPath.Compact(manifest);
    }

    public override string ToString() => $"{Uuid} ({Name}@{Version})";
}
