using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>
/// An image as it lies on the disk: {"manifest": …, "created_at": …, "file": …, "icon": …, "expected": …}.
/// </summary>
internal static class ImageRecord
{
    public static byte[] Write(StoredImage image)
    {
        var record = new JsonObject { ["manifest"] = image.Manifest, ["created_at"] = image.CreatedAt };
        if (image.File is { } file)
        {
            record["file"] = Of(file);
        }
        if (image.Icon is { } icon)
        {
            record["icon"] = Of(icon);
            record["icon_type"] = image.IconType;
        }
        if (image.Expected.Said is { } said)
        {
            record["expected"] = JsonNode.Parse(said);
        }
        return JsonPath.Compact(record);
    }

    /// <exception cref="LumosException">InvalidManifest, ManifestValidation …: it is no record; the message says why.</exception>
    public static StoredImage Read(byte[] text, string path)
    {
        JsonObject record;
        try
        {
            record = JsonPath.Parse(text) as JsonObject ?? throw Damaged(path, null);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw Damaged(path, e);
        }
        var manifest = ImageManifest.From(record["manifest"], path).ToJson();
        if (Text(record, "created_at") is not { } created || manifest["state"] is null || manifest["public"] is null)
        {
            throw Damaged(path, null);
        }
        return new StoredImage(manifest, created)
        {
            File = FileOf(record["file"], path),
            Icon = FileOf(record["icon"], path),
            IconType = Text(record, "icon_type"),
            Expected = ExpectedFile.Of(record["expected"] as JsonObject),
        };
    }

    private static JsonObject Of(StoredFile file) =>
        new() { ["sha256"] = file.Sha256, ["sha1"] = file.Sha1, ["md5"] = file.Md5, ["size"] = file.Size };

    private static StoredFile? FileOf(JsonNode? node, string path) =>
        node is not JsonObject o ? null
        : Text(o, "sha256") is { } sha256 && IsName(sha256) && Text(o, "sha1") is { } sha1 && Text(o, "md5") is { } md5
            && o["size"] is JsonValue v && v.TryGetValue(out long size) ? new StoredFile(sha256, sha1, md5, size)
        : throw Damaged(path, null);

    // It becomes the name of a file.
    private static bool IsName(string sha256) => sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower);

    private static string? Text(JsonObject json, string key) => json[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;

    private static LumosException Damaged(string path, Exception? cause) => new("DamagedRecord", $"{path} is no record of an image", inner: cause);
}
