using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>An image's configuration, of which the parts that images and their VMs are made of.</summary>
public sealed record OciImageConfig
{
    /// <summary>The members of "config" that a VM is made of; the rest are of building and of other products.</summary>
    private static readonly string[] s_kept = ["Cmd", "Entrypoint", "Env", "User", "WorkingDir", "StopSignal", "Volumes", "ExposedPorts", "Labels"];

    public required OciPlatform Platform { get; init; }

    /// <summary>ISO time; null: not said.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The digests of the layers, unpacked; lowest first.</summary>
    public required ImmutableArray<OciDigest> DiffIds { get; init; }

    /// <summary>What to run: the part of "config" that we keep, as it stands there.</summary>
    public required JsonObject Run { get; init; }

    /// <summary>The commands that made the layers, lowest first; shorter where the history does not fit the layers.</summary>
    public ImmutableArray<string> Commands { get; init; } = [];

    /// <exception cref="LumosException">InvalidImage</exception>
    public static OciImageConfig Parse(ReadOnlySpan<byte> bytes, string what)
    {
        var json = OciJson.Object(bytes, what);
        if (OciJson.Text(json["os"]) is not { } os || OciJson.Text(json["architecture"]) is not { } architecture)
        {
            throw OciJson.Fault(what, "it does not say for which system it is");
        }
        if (json["rootfs"] is not JsonObject rootfs || OciJson.Texts(rootfs["diff_ids"]) is not { } ids || !ids.All(id => OciDigest.TryParse(id, out _)))
        {
            throw OciJson.Fault(what, "rootfs.diff_ids is no list of digests");
        }
        return new OciImageConfig
        {
            Platform = new OciPlatform(os, architecture, OciJson.Text(json["variant"])),
            Created = DateTimeOffset.TryParse(OciJson.Text(json["created"]), System.Globalization.CultureInfo.InvariantCulture,
                System.Globalization.DateTimeStyles.AssumeUniversal, out var time) ? time : null,
            DiffIds = [.. ids.Select(OciDigest.Parse)],
            Run = RunOf(json["config"] as JsonObject ?? [], what),
            Commands = [.. (json["history"] as JsonArray ?? []).OfType<JsonObject>()
                .Where(step => step["empty_layer"] is not JsonValue empty || !empty.TryGetValue(out bool isEmpty) || !isEmpty)
                .Select(step => OciJson.Text(step["created_by"]) ?? "")],
        };
    }

    private static JsonObject RunOf(JsonObject config, string what)
    {
        var run = new JsonObject();
        foreach (string key in s_kept.Where(key => config[key] is not null))
        {
            bool fits = key switch
            {
                "Cmd" or "Entrypoint" or "Env" => OciJson.Texts(config[key]) is not null,
                "User" or "WorkingDir" or "StopSignal" => OciJson.Text(config[key]) is not null,
                _ => config[key] is JsonObject,
            };
            run[key] = fits ? config[key]!.DeepClone() : throw OciJson.Fault(what, $"config.{key} is not what it is to be");
        }
        return run;
    }
}
