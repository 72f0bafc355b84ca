using System.Text;
using Lumos.JsonTool.Model;

namespace Lumos.JsonTool.Output;

/// <summary>Values as JavaScript programmers see them in a debugger (-o inspect): for people, not for programs.</summary>
internal sealed class Inspector(bool colours)
{
    private const int Width = 76;

    internal string Show(JsonValue? value)
    {
        var text = new StringBuilder();
        Write(text, value, 0);
        return text.ToString();
    }

    private void Write(StringBuilder to, JsonValue? value, int indent)
    {
        switch (value)
        {
            case JsonArray { Items: var items }:
                Entries(to, '[', items.Select(item => (Name: (string?)null, Value: item)), indent, ']');
                break;
            case JsonObject members:
                Entries(to, '{', members.Members.Select(member => (Name: (string?)Name(member.Key), member.Value)), indent, '}');
                break;
            case JsonString text:
                Colour(to, 32, Quoted(text.Value));
                break;
            case JsonNumber number:
                Colour(to, 33, number.Value == 0 && double.IsNegative(number.Value) ? "-0" : JsNumber.Format(number.Value));
                break;
            case JsonBool truth:
                Colour(to, 33, truth == JsonBool.True ? "true" : "false");
                break;
            case null:
                Colour(to, 90, "undefined");
                break;
            default:
                Colour(to, 1, "null");
                break;
        }
    }

    /// <summary>On one line where that fits, else one a line.</summary>
    private void Entries(StringBuilder to, char open, IEnumerable<(string? Name, JsonValue Value)> entries, int indent, char close)
    {
        var shown = entries.Select(entry => Entry(entry.Name, entry.Value, indent + 2)).ToList();
        if (shown.Count == 0)
        {
            to.Append(open).Append(close);
            return;
        }
        bool fits = indent + shown.Sum(entry => Visible(entry) + 2) + 2 <= Width && !shown.Exists(entry => entry.Contains('\n'));
        string inner = fits ? " " : "\n" + new string(' ', indent + 2);
        to.Append(open).Append(inner).AppendJoin(fits ? ", " : "," + inner, shown)
            .Append(fits ? " " : "\n" + new string(' ', indent)).Append(close);
    }

    private string Entry(string? name, JsonValue value, int indent)
    {
        var text = new StringBuilder(name is null ? "" : name + ": ");
        Write(text, value, indent);
        return text.ToString();
    }

    private static string Name(string name)
    {
        bool plain = name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$');
        return plain ? name : Quoted(name);
    }

    /// <summary>In the quotes that need the least escaping.</summary>
    private static string Quoted(string text)
    {
        char quote = !text.Contains('\'') ? '\'' : !text.Contains('"') ? '"' : !text.Contains('`') && !text.Contains("${", StringComparison.Ordinal) ? '`' : '\'';
        var shown = new StringBuilder().Append(quote);
        foreach (char c in text)
        {
            int letter = "\b\f\n\r\t\\".IndexOf(c, StringComparison.Ordinal);
            _ = letter >= 0 ? shown.Append('\\').Append("bfnrt\\"[letter])
                : c == quote ? shown.Append('\\').Append(c)
                : c < ' ' ? shown.Append("\\x").Append(((int)c).ToString("X2"))
                : shown.Append(c);
        }
        return shown.Append(quote).ToString();
    }

    private void Colour(StringBuilder to, int colour, string text)
    {
        _ = colours ? to.Append("\e[").Append(colour).Append('m').Append(text).Append("\e[0m") : to.Append(text);
    }

    /// <summary>How wide a text is without what sets colours.</summary>
    private int Visible(string text)
    {
        int width = text.Length;
        for (int at = 0; colours && (at = text.IndexOf('\e', at)) >= 0;)
        {
            int end = text.IndexOf('m', at);
            width -= end + 1 - at;
            at = end;
        }
        return width;
    }
}
