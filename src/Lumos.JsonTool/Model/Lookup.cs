using System.Globalization;
using Lumos.Core;

namespace Lumos.JsonTool.Model;

/// <summary>The way to a value inside another: "nics.0.ip", "nics[-1]", "tags[\"a.b\"]".</summary>
internal sealed class Lookup
{
    private readonly IReadOnlyList<string> _steps;

    private Lookup(string text, IReadOnlyList<string> steps)
    {
        Text = text;
        _steps = steps;
    }

    /// <summary>As it was given: the name under which JSON output shows what was found.</summary>
    internal string Text { get; }

    /// <summary>A place in a list and nothing more.</summary>
    internal bool IsIndex => _steps is [var only] && int.TryParse(only, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    /// <exception cref="LumosException">BadLookup.</exception>
    internal static Lookup Parse(string text, char delimiter)
    {
        var steps = new List<string>();
        int start = 0, at = 0;
        while (at < text.Length)
        {
            if (text[at] == delimiter)
            {
                AddPlain(text[start..at]);
                start = ++at;
            }
            else if (text[at] == '[')
            {
                AddPlain(text[start..at]);
                start = at = AddBracketed(text, at, steps);
            }
            else
            {
                at++;
            }
        }
        AddPlain(text[start..]);
        return new Lookup(text, steps);

        void AddPlain(string step)
        {
            if (step.Length > 0)
            {
                steps.Add(step);
            }
        }
    }

    /// <summary>Null: there is nothing there.</summary>
    internal JsonValue? In(JsonValue value)
    {
        JsonValue? found = value;
        foreach (string step in _steps)
        {
            found = found is null ? null : Step(found, step);
        }
        return found;
    }

    /// <summary>What stands in brackets: a string in any of JavaScript's quotes, or an index. Returns where the text goes on.</summary>
    private static int AddBracketed(string text, int open, List<string> steps)
    {
        if (open + 1 < text.Length && text[open + 1] is var quote && quote is '"' or '\'' or '`')
        {
            int close = text.IndexOf($"{quote}]", open + 2, StringComparison.Ordinal);
            if (close >= 0)
            {
                steps.Add(text[(open + 2)..close]);
                return close + 2;
            }
        }
        int end = text.IndexOf(']', open);
        string inside = end < 0 ? "" : text[(open + 1)..end];
        if (!int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw new LumosException("BadLookup",
                $"invalid bracketed lookup string: {JsonWriter.Text(new JsonString(end < 0 ? text[open..] : text[open..(end + 1)]))} (must be of the form ['...'], [\"...\"], [`...`] or [N])");
        }
        steps.Add(inside);
        return end + 1;
    }

    private static JsonValue? Step(JsonValue value, string step) => value switch
    {
        JsonObject members => members[step],
        JsonArray array when step == "length" => new JsonNumber(array.Items.Count),
        JsonArray array => Index(step, array.Items.Count) is { } index ? array.Items[index] : null,
        JsonString text when step == "length" => new JsonNumber(text.Value.Length),
        JsonString text => Index(step, text.Value.Length) is { } index ? new JsonString(text.Value[index..(index + 1)]) : null,
        _ => null,
    };

    /// <summary>A place in a list; a negative one counts from its end.</summary>
    private static int? Index(string step, int count) =>
        int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index) && (index < 0 ? index + count : index) is var place
        && place >= 0 && place < count
            ? place
            : null;
}
