using System.Text;

namespace Lumos.JsonTool.Model;

/// <summary>JSON text as JSON.stringify writes it.</summary>
internal static class JsonWriter
{
    /// <param name="indent">What each level is moved in by; empty: all on one line.</param>
    internal static void Write(StringBuilder to, JsonValue value, string indent) => Write(to, value, indent, 0);

    internal static string Text(JsonValue value, string indent = "")
    {
        var text = new StringBuilder();
        Write(text, value, indent);
        return text.ToString();
    }

    /// <summary>A string in quotes; of what is not ASCII only half a surrogate pair is escaped.</summary>
    internal static void Quote(StringBuilder to, string text)
    {
        to.Append('"');
        int written = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool pair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (pair)
            {
                i++;
            }
            else if (c is < ' ' or '"' or '\\' || char.IsSurrogate(c))
            {
                to.Append(text, written, i - written).Append('\\');
                int letter = "\"\\\b\f\n\r\t".IndexOf(c, StringComparison.Ordinal);
                _ = letter >= 0 ? to.Append("\"\\bfnrt"[letter]) : to.Append('u').Append(((int)c).ToString("x4"));
                written = i + 1;
            }
        }
        to.Append(text, written, text.Length - written).Append('"');
    }

    private static void Write(StringBuilder to, JsonValue value, string indent, int depth)
    {
        switch (value)
        {
            case JsonString text:
                Quote(to, text.Value);
                break;
            case JsonNumber number:
                to.Append(double.IsFinite(number.Value) ? JsNumber.Format(number.Value) : "null");
                break;
            case JsonBool truth:
                to.Append(truth == JsonBool.True ? "true" : "false");
                break;
            case JsonArray array:
                to.Append('[');
                int count = 0;
                foreach (var item in array.Items)
                {
                    Separate(to, count++ > 0, indent, depth + 1);
                    Write(to, item, indent, depth + 1);
                }
                Close(to, count > 0, indent, depth, ']');
                break;
            case JsonObject members:
                to.Append('{');
                int written = 0;
                foreach (var (name, member) in members.Members)
                {
                    Separate(to, written++ > 0, indent, depth + 1);
                    Quote(to, name);
                    to.Append(indent.Length > 0 ? ": " : ":");
                    Write(to, member, indent, depth + 1);
                }
                Close(to, written > 0, indent, depth, '}');
                break;
            default:
                to.Append("null");
                break;
        }
    }

    private static void Separate(StringBuilder to, bool further, string indent, int depth)
    {
        if (further)
        {
            to.Append(',');
        }
        NewLine(to, indent, depth);
    }

    private static void Close(StringBuilder to, bool filled, string indent, int depth, char bracket)
    {
        if (filled)
        {
            NewLine(to, indent, depth);
        }
        to.Append(bracket);
    }

    private static void NewLine(StringBuilder to, string indent, int depth)
    {
        if (indent.Length > 0)
        {
            to.Append('\n');
            for (int i = 0; i < depth; i++)
            {
                to.Append(indent);
            }
        }
    }
}
