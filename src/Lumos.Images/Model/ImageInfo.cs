using System.Text.Json.Nodes;
using Lumos.Images.Oci;

namespace Lumos.Images.Model;

/// <summary>
/// What imgadm list and get show of one image: {manifest, zpool, source, …}, or of a remote one {manifest, source}.
/// </summary>
/// <param name="Manifest">The manifest's JSON, which is not for changing; a bare one for a dataset whose manifest is not known.</param>
/// <param name="Source">URL; null: unknown, or installed from a file.</param>
public sealed record ImageInfo(JsonObject Manifest, string? Source)
{
    /// <summary>Null for a remote image.</summary>
    public string? Pool { get; init; }

    /// <summary>How many clones the installed image has.</summary>
    public int? Clones { get; init; }

    /// <summary>Their names, where asked for.</summary>
    public IReadOnlyList<string>? CloneNames { get; init; }

    /// <summary>The installed images that are increments of this one, where asked for.</summary>
    public IReadOnlyList<string>? Children { get; init; }

    /// <summary>As -j prints it.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["manifest"] = Manifest.DeepClone() };
        if (Pool is not null)
        {
            json["zpool"] = Pool;
        }
        if (Source is not null)
        {
            json["source"] = Source;
        }
        if (Clones is { } clones)
        {
            json["clones"] = clones;
        }
        if (CloneNames is not null)
        {
            json["cloneNames"] = new JsonArray([.. CloneNames.Select(n => (JsonNode)n)]);
        }
        if (Children is not null)
        {
            json["children"] = new JsonObject { ["images"] = new JsonArray([.. Children.Select(n => (JsonNode)n)]) };
        }
        return json;
    }

    /// <summary>A field that columns, sorting and filters look into: the manifest's and a few more.</summary>
    public JsonNode? Field(string path) => path switch
    {
        "source" => Source,
        "zpool" => Pool,
        "clones" when Clones is { } clones => clones,
        "published_date" or "pub" when JsonPath.Find(Manifest, "published_at") is JsonValue published && published.TryGetValue(out string? time) && time.Length >= 10 => time[..10],
        "size" when JsonPath.Find(Manifest, "files.0.size") is { } size => size,
        "docker_id" or "docker_short_id" or "docker_repo" or "docker_tags" => Docker(path),
        _ => JsonPath.Find(Manifest, path),
    };

    // Of images of type docker, as SmartOS: who looks for them knows them by these.
    private JsonNode? Docker(string field)
    {
        if (JsonPath.Text(Manifest["type"]) != DockerManifest.Type || Manifest["tags"] is not JsonObject tags || JsonPath.Text(tags[DockerManifest.Id]) is not { } id)
        {
            return null;
        }
        return field switch
        {
            "docker_id" => id,
            "docker_short_id" => OciDigest.TryParse(id, out var digest) ? digest.Short : id,
            "docker_repo" => tags[DockerManifest.Repo],
            _ => new JsonArray([.. DockerManifest.TagsOf(tags).Select(tag => (JsonNode)tag)]),
        };
    }
}
