namespace Lumos.JsonTool.Model;

/// <summary>Values made over as a whole: keys, items, merges.</summary>
internal static class Shapes
{
    /// <summary>The names of an object's members, the indices of a list or of a string's characters.</summary>
    internal static JsonArray Keys(JsonValue value) => value switch
    {
        JsonObject members => Strings(members.Members.Select(member => member.Key)),
        JsonArray array => Strings(Enumerable.Range(0, array.Items.Count).Select(i => $"{i}")),
        JsonString text => Strings(Enumerable.Range(0, text.Value.Length).Select(i => $"{i}")),
        _ => new JsonArray([]),
    };

    /// <summary>An object as a list of its members, each with key and value; a list stays as it is.</summary>
    internal static JsonArray Items(JsonValue value) => value switch
    {
        JsonObject members => new JsonArray([.. members.Members.Select(Item)]),
        JsonArray array => array,
        _ => new JsonArray([]),
    };

    /// <summary>Puts the members of one object over those of another; <paramref name="deep"/>: objects in both are merged too.</summary>
    internal static void Merge(JsonObject into, JsonObject from, bool deep)
    {
        foreach (var (name, value) in from.Members)
        {
            if (deep && value is JsonObject members && into[name] is JsonObject there)
            {
                Merge(there, members, deep);
            }
            else
            {
                into.Set(name, value);
            }
        }
    }

    private static JsonValue Item(KeyValuePair<string, JsonValue> member)
    {
        var item = new JsonObject();
        item.Set("key", new JsonString(member.Key));
        item.Set("value", member.Value);
        return item;
    }

    private static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(text => new JsonString(text))]);
}
