using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Sources;

/// <summary>
/// Manifests of the dataset API, which came before IMGAPI and is still met on community servers (read only): turned into version 2.
/// Everything that such a server lists is active and public. Pure.
/// </summary>
internal static class DsapiManifest
{
    private static readonly string[] _kept =
    [
        "uuid", "name", "version", "description", "homepage", "published_at", "type", "os", "image_size", "nic_driver", "disk_driver", "cpu_type", "requirements",
        "users", "generate_passwords", "inherited_directories", "traits", "tags", "urn", "eula", "icon", "origin",
    ];

    /// <summary>What is no object comes back as it is: the rules of manifests say what is wrong with it.</summary>
    public static JsonNode? ToVersion2(JsonNode? node)
    {
        if (node is not JsonObject old)
        {
            return node;
        }
        var manifest = new JsonObject { ["v"] = 2, ["state"] = "active", ["disabled"] = false, ["public"] = true };
        foreach (string key in _kept)
        {
            if (old[key] is { } value)
            {
                manifest[key] = value.DeepClone();
            }
        }
        manifest["owner"] = Text(old["creator_uuid"]) is { } owner && Uuid.IsValid(owner) ? owner : Uuid.Zero.ToString();
        // The old API's images were all of SmartOS, but for disks, which say what they hold.
        manifest["os"] ??= Text(old["type"]) == "zone-dataset" ? "smartos" : "other";
        if (File(old) is { } file)
        {
            var entry = new JsonObject { ["sha1"] = file["sha1"]?.DeepClone(), ["size"] = file["size"]?.DeepClone(), ["compression"] = Compression(Text(file["path"])) };
            manifest["files"] = new JsonArray(entry);
        }
        // Numbers made here are of .NET's types, those of a parsed text are not: one kind for whoever looks.
        return JsonNode.Parse(manifest.ToJsonString());
    }

    /// <summary>The path of the image's file below datasets/UUID; null: none, or one that leads elsewhere.</summary>
    public static string? FilePath(JsonNode? node) =>
        node is JsonObject old && File(old) is { } file && Text(file["path"]) is { Length: > 0 and <= 255 } path
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+') && path is not ("." or "..")
            ? path
            : null;

    private static JsonObject? File(JsonObject old) => (old["files"] as JsonArray)?.FirstOrDefault() as JsonObject;

    private static string Compression(string? path) =>
        path is null ? "none" : path.EndsWith(".bz2", StringComparison.Ordinal) ? "bzip2" : path.EndsWith(".gz", StringComparison.Ordinal) ? "gzip" : "none";

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
