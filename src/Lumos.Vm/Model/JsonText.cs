using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Vm;

/// <summary>JSON as users see it: two spaces of indent, nothing escaped that need not be, as SmartOS prints it.</summary>
public static class JsonText
{
    private static readonly JsonWriterOptions Indented =
        new() { Indented = true, IndentSize = 2, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Pretty(JsonNode node) => Encoding.UTF8.GetString(Bytes(node, Indented));

    /// <summary>On one line, for a sentence.</summary>
    public static string Short(JsonNode? node) => node is null ? "null" : Encoding.UTF8.GetString(Bytes(node, OneLine));

    /// <summary>On one line, without a line end.</summary>
    public static byte[] Line(JsonNode node) => Bytes(node, OneLine);

    /// <summary>A scalar as SmartOS's list prints it; a list joined by commas; "" for nothing.</summary>
    public static string Plain(JsonNode? value) => value switch
    {
        null => "",
        JsonArray array => string.Join(',', array.Select(Plain)),
        JsonObject map => map.ToJsonString(),
        JsonValue v => v.GetValueKind() switch
        {
            JsonValueKind.String => v.GetValue<string>(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => v.TryGetValue(out long number) ? number.ToString(CultureInfo.InvariantCulture) : v.ToJsonString(),
        },
        _ => "",
    };

    private static byte[] Bytes(JsonNode node, JsonWriterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            node.WriteTo(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }
}
