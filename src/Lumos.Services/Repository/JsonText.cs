using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Services.Repository;

internal static class JsonText
{
    /// <summary>For files that people may look into.</summary>
    internal static string Indented(JsonNode node)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            node.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }

    /// <summary>One line, for the wire.</summary>
    internal static string Line(JsonNode node)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory))
        {
            node.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(memory.ToArray());
    }
}
