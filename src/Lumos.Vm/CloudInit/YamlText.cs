using System.Text;
using System.Text.Json.Nodes;

namespace Lumos.Vm.CloudInit;

/// <summary>
/// YAML in block style, of objects, lists and scalars: JSON would be YAML, too, but not every guest's reader knows that. Texts are written as JSON has them, in quotes, so that nothing
/// in them means anything.
/// </summary>
internal static class YamlText
{
    internal static string Of(JsonObject document)
    {
        var text = new StringBuilder();
        Write(text, document, "");
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonObject map, string indent)
    {
        string before = "";
        foreach (var (name, value) in map)
        {
            text.Append(before).Append(name).Append(':');
            before = indent;
            switch (value)
            {
                case JsonObject inner:
                    text.Append('\n').Append(indent).Append("  ");
                    Write(text, inner, indent + "  ");
                    break;
                case JsonArray list:
                    text.Append('\n');
                    foreach (var item in list)
                    {
                        text.Append(indent).Append("  - ");
                        if (item is JsonObject entry)
                        {
                            Write(text, entry, indent + "    ");
                        }
                        else
                        {
                            text.Append(Scalar(item)).Append('\n');
                        }
                    }
                    break;
                default:
                    text.Append(' ').Append(Scalar(value)).Append('\n');
                    break;
            }
        }
    }

    private static string Scalar(JsonNode? value) => value?.ToJsonString() ?? "null";
}
