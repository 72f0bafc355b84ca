using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Images.Model;

/// <summary>Dotted look-ups in JSON, and JSON values as text in a column.</summary>
public static class JsonPath
{
    /// <summary>The node at a path such as requirements.networks.0.name; null when any part is not there.</summary>
    public static JsonNode? Find(JsonNode? node, string path)
    {
        if (node is JsonObject own && !path.Contains('.'))
        {
            return own[path];
        }
        foreach (string part in path.Split('.'))
        {
            node = node switch
            {
                JsonObject o => o[part],
                JsonArray a when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int i) && i < a.Count => a[i],
                _ => null,
            };
        }
        return node;
    }

    /// <summary>Parses a whole text.</summary>
    /// <exception cref="JsonException">No JSON, nested too deep, a key given twice, or text that is none; the message says where.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            var node = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 64 });
            LookAtAll(node);
            return node;
        }
        catch (JsonException e)
        {
            // The framework's texts are stripped from our binaries; the place is what helps.
            throw new JsonException($"the fault is at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
        catch (ArgumentException)
        {
            throw new JsonException("a key is given twice");
        }
        catch (InvalidOperationException)
        {
            throw new JsonException("a text in it is not Unicode");
        }
    }

    // Objects find a key given twice, and texts half a character, only when they are first looked into; whoever does so later expects no exception.
    private static void LookAtAll(JsonNode? node)
    {
        _ = node is JsonValue text && text.TryGetValue(out string? _);
        foreach (var child in node switch { JsonObject o => o.Select(p => p.Value), JsonArray a => a, _ => [] })
        {
            LookAtAll(child);
        }
    }

    /// <summary>Strings as they are, everything else as JSON; control characters are shown as "?".</summary>
    public static string? Text(JsonNode? node)
    {
        string? text = node is null ? null
            : node is JsonValue value && value.TryGetValue(out string? s) ? s
            : node.ToJsonString();
        // What a remote server calls its images must not move the cursor of the terminal it is listed on.
        return text is null || !HasControl(text) ? text : string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
    }

    private static bool HasControl(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\0', '\x1f') || text.ContainsAnyInRange('\x7f', '\x9f');

    /// <summary>JSON as our commands print it: indented by two.</summary>
    public static string Pretty(JsonNode node) => System.Text.Encoding.UTF8.GetString(Write(node, indented: true));

    /// <summary>JSON for programs: one line, in UTF-8.</summary>
    public static byte[] Compact(JsonNode node) => Write(node, indented: false);

    private static byte[] Write(JsonNode node, bool indented)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, new JsonWriterOptions
        {
            Indented = indented,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            node.WriteTo(writer);
        }
        return memory.ToArray();
    }
}
