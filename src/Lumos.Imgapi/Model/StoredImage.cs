using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>
/// An image as the server knows it: the manifest that it shows, and what it keeps beside that. Immutable; a change makes
/// another one (<see cref="ImageChanges"/>). The manifest is kept as its text, of which lists are made, and what lists look for
/// beside it: ten thousand trees of JSON would be ten times as large.
/// </summary>
public sealed class StoredImage
{
    private readonly Dictionary<string, string>? _tags;

    /// <param name="manifest">Valid and whole.</param>
    /// <param name="createdAt">When it came here.</param>
    public StoredImage(JsonObject manifest, string createdAt)
    {
        string? Text(string key) => manifest[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        bool Flag(string key) => manifest[key] is JsonValue value && value.TryGetValue(out bool flag) && flag;
        string[] Texts(string key) => manifest[key] is not JsonArray list ? []
            : [.. list.OfType<JsonValue>().Select(v => v.TryGetValue(out string? text) ? text : null).OfType<string>()];

        CreatedAt = createdAt;
        Uuid = Uuid.Parse(Text("uuid")!);
        Name = Text("name")!;
        Version = Text("version")!;
        Type = string.Intern(Text("type")!);
        Os = string.Intern(Text("os")!);
        State = string.Intern(Text("state")!);
        Owner = Text("owner");
        Origin = Text("origin") is { } origin ? Uuid.Parse(origin) : null;
        IsPublic = Flag("public");
        IsDisabled = Flag("disabled");
        Acl = Texts("acl");
        Channels = Texts("channels");
        BillingTags = Texts("billing_tags");
        _tags = manifest["tags"] is JsonObject { Count: > 0 } tags ? tags.ToDictionary(t => t.Key, t => JsonPath.Text(t.Value) ?? "null") : null;
        SortKey = Text("published_at") ?? createdAt;
        Json = JsonPath.Compact(manifest);
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

    public string? Owner { get; }

    public bool IsPublic { get; }

    public bool IsDisabled { get; }

    /// <summary>Accounts that may see it when it is private.</summary>
    public IReadOnlyList<string> Acl { get; }

    public IReadOnlyList<string> Channels { get; }

    public IReadOnlyList<string> BillingTags { get; }

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
    public JsonObject Manifest => (JsonObject)JsonPath.Parse(Json)!;

    public IEnumerable<string> Blobs => new[] { File?.Sha256, Icon?.Sha256 }.OfType<string>();

    /// <summary>A tag's value as text; null: it has no such tag.</summary>
    public string? Tag(string key) => _tags?.GetValueOrDefault(key);

    public bool IsIn(string channel) => Channels.Contains(channel);

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
