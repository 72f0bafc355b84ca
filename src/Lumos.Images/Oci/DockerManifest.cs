using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Oci;

/// <summary>
/// Manifests of images of type docker, with SmartOS's tags: docker:id and docker:architecture of every layer; docker:repo,
/// docker:tag:TAG and docker:config of one that has a name. Two of our own: docker:manifest and docker:config-id, the digests
/// that a registry knows it by. Pure.
/// </summary>
public static class DockerManifest
{
    public const string Type = "docker";

    public const string Repo = "docker:repo", Id = "docker:id", Config = "docker:config", ConfigId = "docker:config-id", ManifestId = "docker:manifest",
        TagPrefix = "docker:tag:";

    private const string Architecture = "docker:architecture";

    /// <summary>Tags that an image made of a VM takes over: what it runs, and on what. Digests and names are those of the image that it came from.</summary>
    internal static readonly string[] Inherited = [Config, Architecture];

    private const int LongestDescription = 500, LongestTags = 64 << 10;

    /// <summary>A layer that has no name of its own: part of images.</summary>
    /// <param name="index">Which layer, lowest 0.</param>
    /// <param name="file">What its blob is; null: not known yet.</param>
    public static ImageManifest OfLayer(OciImage image, int index, Uuid uuid, Uuid? origin, LayerFileFacts? file)
    {
        var layer = image.Layers[index];
        var json = Bare(image, uuid, origin, layer.Digest);
        if (image.Config.Commands.Length == image.Layers.Length)
        {
            json["description"] = Clip(image.Config.Commands[index]);
        }
        if (layer.Size > 0 && file is not null)
        {
            json["files"] = new JsonArray(new JsonObject
            {
                ["sha1"] = file.Sha1,
                ["size"] = layer.Size,
                ["compression"] = file.Compression,
                ["digest"] = layer.Digest.ToString(),
            });
        }
        return ImageManifestOf(json, "a layer");
    }

    /// <summary>An image that has another one's layers and a configuration of its own.</summary>
    public static ImageManifest OfConfig(OciImage image, Uuid uuid, Uuid origin) =>
        ImageManifestOf(Bare(image, uuid, origin, image.Layers[^1].Digest), "a configuration");

    /// <summary>The same with what makes it an image that has a name: what to run, and what it is called.</summary>
    /// <param name="reference">Null: it has no name in a registry.</param>
    public static ImageManifest WithName(ImageManifest manifest, OciImage image, OciReference? reference)
    {
        var json = manifest.ToJson();
        var tags = (json["tags"] as JsonObject) ?? [];
        tags[Architecture] = image.Config.Platform.Architecture;
        tags[ManifestId] = image.ManifestDigest.ToString();
        tags[ConfigId] = image.ConfigDigest.ToString();
        var run = (JsonObject)image.Config.Run.DeepClone();
        if (Encoding.UTF8.GetByteCount(run.ToJsonString()) > LongestTags)
        {
            run.Remove("Labels"); // of no meaning to us, and manifests have a limit
        }
        tags[Config] = run;
        if (reference is not null)
        {
            tags[Repo] = reference.Name;
            if (reference.Tag is not null)
            {
                tags[TagPrefix + reference.Tag] = true;
            }
        }
        json["tags"] = tags;
        return ImageManifestOf(json, reference?.ToString() ?? "an image");
    }

    /// <summary>The same without a tag, which another image has now.</summary>
    public static ImageManifest WithoutTag(ImageManifest manifest, string tag)
    {
        var json = manifest.ToJson();
        (json["tags"] as JsonObject)?.Remove(TagPrefix + tag);
        return ImageManifestOf(json, "an image");
    }

    /// <summary>A tag of a manifest that is text, such as <see cref="Repo"/>; null: it has none.</summary>
    public static string? TagOf(ImageManifest? manifest, string tag) => OciJson.Text((manifest?["tags"] as JsonObject)?[tag]);

    /// <summary>The words that an image of a repository is tagged with.</summary>
    public static IEnumerable<string> TagsOf(JsonNode? tags) => (tags as JsonObject ?? [])
        .Where(pair => pair.Key.StartsWith(TagPrefix, StringComparison.Ordinal)).Select(pair => pair.Key[TagPrefix.Length..]);

    private static JsonObject Bare(OciImage image, Uuid uuid, Uuid? origin, OciDigest layer)
    {
        var json = new JsonObject
        {
            ["v"] = 2,
            ["uuid"] = uuid.ToString(),
            ["owner"] = Uuid.Zero.ToString(),
            ["name"] = "docker-layer",
            ["version"] = layer.Short,
            ["disabled"] = false,
            ["public"] = true,
            ["published_at"] = (image.Config.Created ?? DateTimeOffset.UnixEpoch).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["type"] = Type,
            ["os"] = "linux",
            ["tags"] = new JsonObject { [Id] = layer.ToString(), [Architecture] = image.Config.Platform.Architecture },
        };
        if (origin is not null)
        {
            json["origin"] = origin.ToString();
        }
        return json;
    }

    // By its text: numbers that were put into a tree are not yet those that reading gives.
    private static ImageManifest ImageManifestOf(JsonNode json, string whence) => ImageManifest.Parse(json.ToJsonString(), whence);

    private static string Clip(string text) => text.Length <= LongestDescription ? text : text[..(LongestDescription - 1)] + "…";
}

/// <summary>What manifests say of a layer's blob beside its size and digest.</summary>
public sealed record LayerFileFacts(string Sha1, string Compression);
