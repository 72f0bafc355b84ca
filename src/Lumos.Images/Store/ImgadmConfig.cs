using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Images.Model;
using Lumos.Images.Sources;

namespace Lumos.Images.Store;

/// <summary>
/// /var/imgadm/imgadm.conf in SmartOS's format: {sources, upgradedToVer, userAgentExtra, …}; keys that are not ours are
/// kept. No file, or none that names sources, means the default source; an empty list means none.
/// </summary>
public sealed class ImgadmConfig
{
    private readonly JsonObject _json;
    private readonly string _path;

    private ImgadmConfig(JsonObject json, string path, IReadOnlyList<ImageSource> sources)
    {
        _json = json;
        _path = path;
        Sources = sources;
    }

    /// <summary>In the order they are asked.</summary>
    public IReadOnlyList<ImageSource> Sources { get; }

    public string? UserAgentExtra => _json["userAgentExtra"] is JsonValue v && v.TryGetValue(out string? text) ? text : null;

    /// <exception cref="LumosException">ConfigError: unreadable or damaged.</exception>
    public static ImgadmConfig Load(ImagePaths paths)
    {
        string path = paths.Configuration;
        try
        {
            var json = JsonPath.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw Damaged(path, "it is no JSON object");
            return new ImgadmConfig(json, path, json["sources"] is { } sources ? Read(sources, path) : [ImageSource.Default]);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ImgadmConfig([], path, [ImageSource.Default]);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LumosException("ConfigError", $"cannot read {path}", inner: e);
        }
    }

    /// <summary>The same with other sources, on disk when this returns.</summary>
    public ImgadmConfig Save(IReadOnlyList<ImageSource> sources)
    {
        var json = (JsonObject)_json.DeepClone();
        json["sources"] = new JsonArray([.. sources.Select(s => (JsonNode)s.ToJson())]);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        AtomicFile.Write(_path, JsonPath.Pretty(json) + "\n");
        return new ImgadmConfig(json, _path, sources);
    }

    private static IReadOnlyList<ImageSource> Read(JsonNode sources, string path)
    {
        var list = new List<ImageSource>();
        foreach (var node in sources as JsonArray ?? throw Damaged(path, "\"sources\" is no list"))
        {
            if (node is not JsonObject source || source["url"] is not JsonValue v || !v.TryGetValue(out string? url)
                || !Uri.TryCreate(url, UriKind.Absolute, out _))
            {
                throw Damaged(path, "a source has no URL");
            }
            bool insecure = source["insecure"] is JsonValue i && i.TryGetValue(out bool on) && on;
            string type = source["type"] is JsonValue t && t.TryGetValue(out string? text) ? text : ImageSource.Imgapi;
            list.Add(new ImageSource(url, insecure) { Type = type, KeyFile = source["keyFile"] is JsonValue k && k.TryGetValue(out string? file) ? file : null });
        }
        return list;
    }

    private static LumosException Damaged(string path, string why) => new("ConfigError", $"{path} is damaged: {why}");
}
