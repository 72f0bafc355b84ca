using Lumos.JsonTool.Model;

namespace Lumos.JsonTool.Output;

/// <summary>Prints what is left of the input: whole, what lookups find in it, or as a table.</summary>
internal sealed class Printer(TextWriter output, OutputMode mode, IReadOnlyList<Lookup> lookups, string delimiter, bool colours)
{
    private readonly Inspector _inspector = new(colours);

    /// <summary>The value, or what each lookup finds, one after the other.</summary>
    internal void PrintWhole(JsonValue value)
    {
        if (lookups.Count == 0)
        {
            PrintLine(Show(value));
        }
        else if (mode.Form == OutputForm.Json)
        {
            var found = lookups.Select(lookup => (lookup.Text, Value: lookup.In(value))).Where(each => each.Value is not null).ToList();
            if (lookups.Count > 1)
            {
                PrintLine(Show(value is JsonArray && lookups.All(lookup => lookup.IsIndex) ? new JsonArray([.. found.Select(each => each.Value!)]) : Object(found)));
            }
            else if (found is [var only])
            {
                PrintLine(Show(only.Value!));
            }
        }
        else
        {
            foreach (var found in lookups.Select(lookup => lookup.In(value)).OfType<JsonValue>())
            {
                PrintLine(Show(found));
            }
        }
    }

    /// <summary>A line for each element, a column for each lookup; a value that is no list is its only element.</summary>
    internal void PrintTable(JsonValue value)
    {
        IEnumerable<JsonValue> rows = value is JsonArray list ? list.Items : [value];
        if (mode.Form == OutputForm.Json)
        {
            PrintLine(Show(lookups.Count == 0 ? value : new JsonArray([.. rows.Select(row => Object(Found(row)))])));
            return;
        }
        foreach (var row in rows)
        {
            PrintRow(row);
        }
    }

    internal void PrintRow(JsonValue row)
    {
        if (lookups.Count == 0)
        {
            PrintLine(Show(row));
        }
        else
        {
            output.Write(string.Join(delimiter, lookups.Select(lookup => lookup.In(row)).Select(found =>
                found is null && mode.Form == OutputForm.Jsony ? "" : Show(found))) + "\n");
        }
    }

    internal string Show(JsonValue? value) => mode.Form switch
    {
        OutputForm.Inspect => _inspector.Show(value),
        OutputForm.Jsony when value is JsonString text => text.Value,
        _ => JsonWriter.Text(value!, mode.Indent),
    };

    private IEnumerable<(string Text, JsonValue? Value)> Found(JsonValue row) =>
        lookups.Select(lookup => (lookup.Text, lookup.In(row))).Where(each => each.Item2 is not null);

    private static JsonObject Object(IEnumerable<(string Text, JsonValue? Value)> found)
    {
        var shown = new JsonObject();
        foreach (var (text, value) in found)
        {
            shown.Set(text, value!);
        }
        return shown;
    }

    /// <summary>Nothing at all for an empty text: an empty string that was looked up is no line.</summary>
    private void PrintLine(string text)
    {
        if (text.Length > 0)
        {
            output.Write(text);
            output.Write('\n');
        }
    }
}
