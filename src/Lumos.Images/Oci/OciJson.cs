using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Oci;

/// <summary>Looks into JSON that others wrote.</summary>
internal static class OciJson
{
    /// <summary>The most that a manifest, an index or a configuration may have; registries take no more than this.</summary>
    public const int MaxBytes = 4 << 20;

    /// <exception cref="LumosException">InvalidImage: it is no JSON object.</exception>
    public static JsonObject Object(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            return JsonPath.Parse(bytes) as JsonObject ?? throw Fault(what, "it is no JSON object");
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidImage", $"{what} is no JSON", inner: e);
        }
    }

    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>A number of bytes; null: it is none.</summary>
    public static long? Size(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long size) && size is >= 0 and < 1L << 53 ? size : null;

    /// <summary>A list of texts; empty where there is none; null: it is something else.</summary>
    public static ImmutableArray<string>? Texts(JsonNode? node)
    {
        if (node is null)
        {
            return [];
        }
        return node is JsonArray array && array.All(item => Text(item) is not null) ? [.. array.Select(item => Text(item)!)] : null;
    }

    public static LumosException Fault(string what, string why) => new("InvalidImage", $"{what} is not valid: {why}");
}
