using System.Text;
using System.Text.Json.Nodes;

namespace Lumos.Vm.Info;

/// <summary>One difference between two states of a VM, as SmartOS's vminfod tells them.</summary>
/// <param name="Path">Keys from the outside in; null stands for an element of an array, whose place means nothing.</param>
/// <param name="Action">added, removed or changed.</param>
/// <param name="Ident">Of a change inside an element of nics or disks: the MAC or path of the element.</param>
public sealed record VmChange(IReadOnlyList<string?> Path, string Action, JsonNode? OldValue, JsonNode? NewValue, string? Ident)
{
    /// <summary>Such as <c>nics.*.ip</c>; a key with a dot or bracket in it stands in brackets.</summary>
    public string PrettyPath
    {
        get
        {
            var text = new StringBuilder();
            foreach (string key in Path.Select(key => key ?? "*"))
            {
                if (key.AsSpan().ContainsAny('.', '[', ']'))
                {
                    text.Append('[').Append(key.Replace("[", "\\[").Replace("]", "\\]")).Append(']');
                }
                else
                {
                    text.Append(text.Length > 0 ? "." : "").Append(key);
                }
            }
            return text.ToString();
        }
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["prettyPath"] = PrettyPath,
            ["path"] = new JsonArray([.. Path.Select(key => (JsonNode?)key)]),
            ["action"] = Action,
        };
        if (Action != "added")
        {
            json["oldValue"] = OldValue?.DeepClone();
        }
        if (Action != "removed")
        {
            json["newValue"] = NewValue?.DeepClone();
        }
        if (Ident is not null)
        {
            json["ident"] = Ident;
        }
        return json;
    }
}

/// <summary>
/// What differs between two states of a VM. Maps are compared key by key. Arrays are bags: an element is removed or added,
/// wherever it stands; one of nics or disks with the same MAC or path is the same element, changed inside. A function.
/// </summary>
public static class VmDiff
{
    public static IReadOnlyList<VmChange> Between(JsonObject before, JsonObject after)
    {
        var changes = new List<VmChange>();
        Objects(before, after, [], null, changes);
        return changes;
    }

    private static string? KeyOf(IReadOnlyList<string?> path) => path switch
    {
        ["nics"] => "mac",
        ["disks"] => "path",
        _ => null,
    };

    private static void Objects(JsonObject before, JsonObject after, IReadOnlyList<string?> prefix, string? ident, List<VmChange> changes)
    {
        foreach (var (key, old) in before)
        {
            if (!after.TryGetPropertyValue(key, out var now))
            {
                changes.Add(new VmChange([.. prefix, key], "removed", old, null, ident));
            }
            else if (!JsonNode.DeepEquals(old, now))
            {
                switch (old, now)
                {
                    case (JsonObject a, JsonObject b):
                        Objects(a, b, [.. prefix, key], ident, changes);
                        break;
                    case (JsonArray a, JsonArray b):
                        Arrays(a, b, [.. prefix, key], ident, changes);
                        break;
                    default:
                        changes.Add(new VmChange([.. prefix, key], "changed", old, now, ident));
                        break;
                }
            }
        }
        foreach (var (key, now) in after)
        {
            if (!before.ContainsKey(key))
            {
                changes.Add(new VmChange([.. prefix, key], "added", null, now, ident));
            }
        }
    }

    private static void Arrays(JsonArray before, JsonArray after, IReadOnlyList<string?> prefix, string? ident, List<VmChange> changes)
    {
        var removed = before.Where(item => !after.Any(other => JsonNode.DeepEquals(item, other))).ToList();
        var added = after.Where(item => !before.Any(other => JsonNode.DeepEquals(item, other))).ToList();
        var changed = new List<(JsonObject Old, JsonObject New, string Ident)>();
        if (KeyOf(prefix) is { } key)
        {
            foreach (var old in removed.OfType<JsonObject>().Where(item => item[key] is not null).ToList())
            {
                string name = JsonText.Plain(old[key]);
                if (added.OfType<JsonObject>().FirstOrDefault(item => JsonText.Plain(item[key]) == name) is { } now)
                {
                    removed.Remove(old);
                    added.Remove(now);
                    changed.Add((old, now, name));
                }
            }
        }
        IReadOnlyList<string?> element = [.. prefix, null];
        changes.AddRange(removed.Select(item => new VmChange(element, "removed", item, null, ident)));
        foreach (var (old, now, name) in changed)
        {
            Objects(old, now, element, name, changes);
        }
        changes.AddRange(added.Select(item => new VmChange(element, "added", null, item, ident)));
    }
}
