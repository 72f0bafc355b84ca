namespace Lumos.JsonTool.Model;

/// <summary>
/// Several values one after the other in one text, for -g and --merge: objects with a line's end or nothing at all between
/// them, or lists with a line's end.
/// </summary>
internal static class Adjacent
{
    /// <exception cref="SyntaxFault">Something else stands there.</exception>
    internal static List<JsonValue> Read(string text, bool listsToo)
    {
        var reader = new JsonReader(text);
        var values = new List<JsonValue> { reader.Read() };
        while (true)
        {
            int end = reader.Position;
            reader.SkipSpace();
            if (reader.AtEnd)
            {
                return values;
            }
            bool newLine = text.AsSpan(end, reader.Position - end).Contains('\n');
            bool may = text[reader.Position] switch
            {
                '{' => values[0] is JsonObject && (newLine || reader.Position == end),
                '[' => values[0] is JsonArray && newLine && listsToo,
                _ => false,
            };
            values.Add(may ? reader.Read() : throw new SyntaxFault("Syntax error", reader.Position));
        }
    }

    /// <summary>Objects become one list, lists one long list; anything else stays alone.</summary>
    internal static JsonValue Group(List<JsonValue> values) => values[0] switch
    {
        JsonObject => new JsonArray(values),
        JsonArray when values.Count > 1 => new JsonArray([.. values.Cast<JsonArray>().SelectMany(list => list.Items)]),
        var single => single,
    };

    /// <summary>Objects become one, the later over the earlier.</summary>
    internal static JsonValue Merge(List<JsonValue> values, bool deep)
    {
        foreach (var further in values.Skip(1))
        {
            Shapes.Merge((JsonObject)values[0], (JsonObject)further, deep);
        }
        return values[0];
    }
}
