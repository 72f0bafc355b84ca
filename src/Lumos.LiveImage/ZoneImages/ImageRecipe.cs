using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>What an image's content is made of.</summary>
public enum ImageContent
{
    /// <summary>The platform's own files, for native zones.</summary>
    Native,

    /// <summary>Debian packages.</summary>
    Debian,

    /// <summary>The platform's kernel and an initramfs of busybox.</summary>
    Tiny,
}

/// <summary>
/// A recipe: images/NAME. Its image.json is the fixed part of the image's manifest, and has under "build" how the content is made,
/// which is no part of it: <c>content</c> (native, debian, tiny) and <c>suite</c> (of Debian).
/// </summary>
public sealed record ImageRecipe(string Folder, string Name, string Version, JsonObject Json, ImageContent Content, string Suite)
{
    // A name space of our own for version 5 UUIDs; any fixed random UUID does.
    private static readonly Guid NameSpace = Guid.Parse("5b9c1f0e-6a3d-4d0f-9a53-0d7c2a1e8f46");

    /// <summary>The image is a whole disk.</summary>
    public bool IsVolume => (string?)Json["type"] == "zvol";

    /// <summary>Size of the disk.</summary>
    public int Megabytes => (int?)Json["image_size"] ?? throw new LumosException("BadRecipe", $"{Folder}/image.json lacks \"image_size\", in MiB");

    /// <summary>What the packages resolved to; only images of packages have it.</summary>
    public string Lock => Path.Combine(Folder, "packages.lock");

    /// <summary>All recipes of a checkout, by name.</summary>
    public static IReadOnlyList<ImageRecipe> All(string repositoryRoot) =>
        [.. Directory.EnumerateFiles(Path.Combine(repositoryRoot, "images"), "image.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(Load)];

    /// <exception cref="LumosException">BadRecipe.</exception>
    public static ImageRecipe Load(string path)
    {
        var json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject
            ?? throw new LumosException("BadRecipe", $"{path} holds no JSON object");
        string Text(JsonNode? value, string key) => (string?)value ?? throw new LumosException("BadRecipe", $"{path} lacks \"{key}\"");
        var build = json["build"] as JsonObject;
        json.Remove("build");
        string content = Text(build?["content"], "build.content");
        return new ImageRecipe(
            Path.GetDirectoryName(path)!, Text(json["name"], "name"), Text(json["version"], "version"), json,
            content switch
            {
                "native" => ImageContent.Native,
                "debian" => ImageContent.Debian,
                "tiny" => ImageContent.Tiny,
                _ => throw new LumosException("BadRecipe", $"{path}: \"{content}\" is no content; native, debian and tiny are"),
            },
            (string?)build?["suite"] ?? Debian.Bootstrap.Suite);
    }

    /// <summary>The image's identity: the same name, version and content have the same UUID on every machine.</summary>
    public Guid UuidOf(string content)
    {
        byte[] name = Encoding.UTF8.GetBytes($"{Name}@{Version}:{content}");
#pragma warning disable CA5350 // RFC 9562 makes version 5 of SHA-1
        byte[] hash = SHA1.HashData([.. NameSpace.ToByteArray(bigEndian: true), .. name])[..16];
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>The manifest, version 2, of this recipe's image with this compressed stream.</summary>
    public JsonObject Manifest(Guid uuid, DateTimeOffset published, long size, string sha1)
    {
        var manifest = new JsonObject { ["v"] = 2, ["uuid"] = uuid.ToString() };
        foreach (var (key, value) in Json)
        {
            manifest[key] = value?.DeepClone();
        }
        manifest["owner"] = "00000000-0000-0000-0000-000000000000";
        manifest["state"] = "active";
        manifest["disabled"] = false;
        manifest["public"] = true;
        manifest["published_at"] = published.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        manifest["files"] = new JsonArray(new JsonObject { ["sha1"] = sha1, ["size"] = size, ["compression"] = "gzip" });
        return manifest;
    }
}
