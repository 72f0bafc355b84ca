namespace Lumos.JsonTool.Model;

/// <summary>A JSON value as JavaScript has it: numbers are doubles, the members of an object stand in JavaScript's order.</summary>
internal abstract class JsonValue
{
    internal static readonly JsonNull Null = new();
}

internal sealed class JsonNull : JsonValue;

internal sealed class JsonBool : JsonValue
{
    internal static readonly JsonBool True = new(), False = new();
}

internal sealed class JsonNumber(double value) : JsonValue
{
    internal double Value => value;
}

internal sealed class JsonString(string value) : JsonValue
{
    internal string Value => value;
}

internal sealed class JsonArray(List<JsonValue> items) : JsonValue
{
    internal List<JsonValue> Items => items;
}

/// <summary>
/// Members in the order in which they came, a name given twice at its first place with its last value; names that are array
/// indices go before all others, by their number.
/// </summary>
internal sealed class JsonObject : JsonValue
{
    private readonly OrderedDictionary<string, JsonValue> _members = new(StringComparer.Ordinal);
    private bool _hasIndices;

    internal IEnumerable<KeyValuePair<string, JsonValue>> Members => _hasIndices
        ? _members.OrderBy(member => IndexOf(member.Key) ?? uint.MaxValue)
        : _members;

    internal JsonValue? this[string name] => _members.GetValueOrDefault(name);

    internal void Set(string name, JsonValue value)
    {
        _members[name] = value;
        _hasIndices |= IndexOf(name) is not null;
    }

    /// <summary>A name that JavaScript takes for an array index: a whole number without leading zeros, below 2^32 - 1.</summary>
    private static uint? IndexOf(string name) =>
        name.Length is > 0 and <= 10 && char.IsAsciiDigit(name[0]) && (name[0] != '0' || name.Length == 1)
        && name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 && uint.TryParse(name, out uint index) && index < uint.MaxValue
            ? index
            : null;
}
