using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Payload;

/// <summary>
/// Brings one value of a payload to the form of its row: what SmartOS takes (true, "true" or 1; 512 or "512"; an array or
/// a text with commas) becomes one form, and everything else is a bad value with a reason.
/// </summary>
public static class PropertyValue
{
    /// <summary>True for null and "": not given at create, unset at update.</summary>
    public static bool IsUnset(JsonNode? value) =>
        value is null || (value is JsonValue v && v.TryGetValue(out string? text) && text.Trim().Length == 0);

    /// <summary>The value in its one form; false with a reason when it has none. Unset values are the caller's.</summary>
    public static bool TryNormalise(Property row, JsonNode value, out JsonNode? result, out string reason)
    {
        reason = "";
        result = row.Type switch
        {
            PropertyType.String => Text(value, ref reason),
            PropertyType.Integer => Integer(row, value, ref reason),
            PropertyType.Boolean => Boolean(value, ref reason),
            PropertyType.Uuid => UuidText(value, ref reason),
            PropertyType.Pool => Text(value, ref reason),
            PropertyType.List => List(value, ref reason),
            PropertyType.Map => Map(value, ref reason),
            PropertyType.Objects => Objects(value, ref reason),
            _ => null,
        };
        if (result is null && reason.Length == 0)
        {
            reason = "may not be given";
        }
        return result is not null;
    }

    /// <summary>A row's default in JSON form; null: none, or worked out from other properties.</summary>
    public static JsonNode? Default(Property row) => (row.Default, row.Type) switch
    {
        (null or PropertyTable.SameAsMemory or PropertyTable.SameAsUuid, _) => null,
        (var text, PropertyType.Integer) => JsonValue.Create(long.Parse(text, CultureInfo.InvariantCulture)),
        ("true", PropertyType.Boolean) => JsonValue.Create(true),
        ("false", PropertyType.Boolean) => JsonValue.Create(false),
        ("[]", _) => new JsonArray(),
        ("{}", _) => new JsonObject(),
        (var text, PropertyType.List) => new JsonArray(JsonValue.Create(text)),
        (var text, _) => JsonValue.Create(text),
    };

    /// <summary>Characters that no configuration file of ours can hold.</summary>
    public static bool HasControlCharacters(string text) => text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'));

    private static JsonValue? Text(JsonNode value, ref string reason)
    {
        if (value is not JsonValue v || !v.TryGetValue(out string? text))
        {
            reason = "is not a text";
            return null;
        }
        if (text.Any(char.IsControl))
        {
            reason = "holds control characters";
            return null;
        }
        return JsonValue.Create(text);
    }

    private static JsonValue? Integer(Property row, JsonNode value, ref string reason)
    {
        if (!TryInteger(value, out long number))
        {
            reason = $"{Shown(value)} is not a whole number";
            return null;
        }
        if (number < row.Min || number > row.Max)
        {
            reason = row.Max == long.MaxValue
                ? $"{number} is less than {row.Min}"
                : $"{number} is not within {row.Min} to {row.Max}";
            return null;
        }
        return JsonValue.Create(number);
    }

    /// <summary>512, "512" and 512.0 alike.</summary>
    public static bool TryInteger(JsonNode? value, out long number)
    {
        number = 0;
        if (value is not JsonValue v)
        {
            return false;
        }
        if (v.TryGetValue(out number))
        {
            return true;
        }
        if (v.TryGetValue(out string? text))
        {
            return long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        }
        if (v.TryGetValue(out double real) && real == Math.Floor(real) && Math.Abs(real) < 9e15)
        {
            number = (long)real;
            return true;
        }
        return v.TryGetValue(out int small) && (number = small) == small;
    }

    private static JsonValue? Boolean(JsonNode value, ref string reason)
    {
        if (value is JsonValue v)
        {
            if (v.TryGetValue(out bool flag))
            {
                return JsonValue.Create(flag);
            }
            switch (v.TryGetValue(out string? text) ? text : TryInteger(value, out long number) ? $"{number}" : "")
            {
                case "true" or "1":
                    return JsonValue.Create(true);
                case "false" or "0":
                    return JsonValue.Create(false);
            }
        }
        reason = $"{Shown(value)} is neither true nor false";
        return null;
    }

    private static JsonValue? UuidText(JsonNode value, ref string reason)
    {
        if (value is JsonValue v && v.TryGetValue(out string? text) && Uuid.TryParse(text, out var uuid))
        {
            return JsonValue.Create(uuid.ToString());
        }
        reason = $"{Shown(value)} is not a UUID";
        return null;
    }

    private static JsonArray? List(JsonNode value, ref string reason)
    {
        var list = new JsonArray();
        if (value is JsonValue v && v.TryGetValue(out string? text))
        {
            foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                list.Add((JsonNode)part);
            }
            return list;
        }
        if (value is not JsonArray array)
        {
            reason = $"{Shown(value)} is not a list";
            return null;
        }
        foreach (var item in array)
        {
            if (item is JsonValue element && element.GetValueKind() is JsonValueKind.String or JsonValueKind.Number)
            {
                string part = JsonText.Plain(item);
                if (part.Any(char.IsControl) || part.Contains(','))
                {
                    reason = $"{Shown(item)} cannot be in a list";
                    return null;
                }
                list.Add((JsonNode)part);
            }
            else
            {
                reason = "holds something that is neither a text nor a number";
                return null;
            }
        }
        return list;
    }

    private static JsonObject? Map(JsonNode value, ref string reason)
    {
        if (value is not JsonObject map)
        {
            reason = $"{Shown(value)} is not an object of keys and values";
            return null;
        }
        foreach (var (key, item) in map)
        {
            if (item?.GetValueKind() is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
            {
                reason = $"the value of \"{key}\" is neither a text, a number nor a boolean";
                return null;
            }
        }
        return (JsonObject)map.DeepClone();
    }

    private static JsonArray? Objects(JsonNode value, ref string reason)
    {
        if (value is not JsonArray array || array.Any(item => item is not JsonObject))
        {
            reason = "is not an array of objects";
            return null;
        }
        return (JsonArray)array.DeepClone();
    }

    private static string Shown(JsonNode? value)
    {
        string text = JsonText.Short(value);
        return text.Length > 60 ? text[..57] + "..." : text;
    }
}
