using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Model;

/// <summary>A list of FIELD=VALUE and FIELD=~TEXT; an image passes when all hold. Fields as for columns.</summary>
public sealed class ImageFilter
{
    private readonly List<(string Field, string Value, bool Substring)> _terms = [];

    private ImageFilter()
    {
    }

    /// <exception cref="UsageException">A word without "=".</exception>
    public static ImageFilter Parse(IEnumerable<string> words)
    {
        var filter = new ImageFilter();
        foreach (string word in words)
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new UsageException($"\"{word}\" is no filter; write FIELD=VALUE or FIELD=~TEXT");
            }
            string value = word[(equals + 1)..];
            filter._terms.Add(value.StartsWith('~') ? (word[..equals], value[1..], true) : (word[..equals], value, false));
        }
        return filter;
    }

    /// <param name="field">The image's field of a name.</param>
    public bool Passes(Func<string, JsonNode?> field) => _terms.All(term => field(term.Field) is { } node && Holds(node, term.Value, term.Substring));

    private static bool Holds(JsonNode node, string value, bool substring)
    {
        // "true" is the boolean, never a text that says so; a text that is not there has no substring.
        if (!substring && value is "true" or "false")
        {
            return node is JsonValue v && v.TryGetValue(out bool b) && b == (value == "true");
        }
        string text = JsonPath.Text(node) ?? "";
        return substring ? text.Contains(value, StringComparison.Ordinal) : text == value;
    }
}
