using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Images.Store;
using Lumos.Linux.Spawn;

namespace Lumos.Images.Applets;

/// <summary>imgadm sources -e: the list in an editor, as JSON; what is saved there is the list, or nothing changes.</summary>
internal static class SourcesEditor
{
    private static readonly string[] Known = ["url", "type", "insecure", "keyFile"];

    /// <summary>What the editor left of a text; tests have one of their own.</summary>
    public static IReadOnlyList<ImageSource> Edit(AppletContext context, ImgadmConfig config)
    {
        string folder = Directory.CreateTempSubdirectory("imgadm-sources-").FullName; // its owner's alone
        try
        {
            string file = Path.Combine(folder, "sources.json");
            File.WriteAllText(file, JsonPath.Pretty(new JsonArray([.. config.Sources.Select(s => (JsonNode)s.ToJson())])) + "\n");
            string editor = new[] { "VISUAL", "EDITOR" }.Select(context.Environment).FirstOrDefault(e => !string.IsNullOrWhiteSpace(e)) ?? "vi";
            // As the shell reads it, since people put options into it.
            using var child = ChildProcess.Start(new SpawnRequest { Argv = ["/bin/sh", "-c", $"{editor} \"$1\"", "sh", file], InheritStreams = true });
            return child.Wait() == 0
                ? Read(File.ReadAllBytes(file))
                : throw new LumosException("EditorFailed", $"the editor ({editor}) failed; the sources are as they were");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<ImageSource> Read(byte[] text)
    {
        JsonNode? json;
        try
        {
            json = JsonPath.Parse(text);
        }
        catch (JsonException e)
        {
            throw Wrong($"it is no JSON ({e.Message})");
        }
        var sources = (json as JsonArray ?? throw Wrong("it is no list")).Select(Source).ToList();
        return sources.Select(s => s.Url).Distinct().Count() == sources.Count ? sources : throw Wrong("a source is there twice");
    }

    private static ImageSource Source(JsonNode? node)
    {
        if (node is not JsonObject o || JsonPath.Text(o["url"]) is not { } url)
        {
            throw Wrong("a source has no URL");
        }
        if (o.FirstOrDefault(p => !Known.Contains(p.Key)).Key is { } unknown)
        {
            throw Wrong($"\"{unknown}\" of {url} is not one of {string.Join(", ", Known)}");
        }
        bool insecure = o["insecure"] is JsonValue v && v.TryGetValue(out bool flag) && flag;
        return ImageSource.Parse(url, JsonPath.Text(o["type"]), insecure) with { KeyFile = JsonPath.Text(o["keyFile"]) };
    }

    private static LumosException Wrong(string why) => new("InvalidSources", $"what was edited is not a list of sources, and they are as they were: {why}");
}
