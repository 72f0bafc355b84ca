using System.Collections.Immutable;

namespace Lumos.Zones.Configure;

/// <summary>
/// A resource while it is looked at or edited: its simple properties by name, and the items of the one property of its type
/// that is a list (options, property, value). A value.
/// </summary>
public sealed record ResourceDraft(ImmutableSortedDictionary<string, string> Properties, ImmutableArray<ConfigValue> Items)
{
    public static ResourceDraft Empty { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal), []);

    /// <summary>Null: not specified.</summary>
    public string? this[string property] => Properties.GetValueOrDefault(property);

    /// <summary>With this property; null: without it.</summary>
    public ResourceDraft With(string property, string? value) =>
        this with { Properties = value is null ? Properties.Remove(property) : Properties.SetItem(property, value) };

    public string Required(string property) =>
        this[property] ?? throw new InvalidOperationException($"{property} was not checked");

    /// <summary>The items as pairs of a name and a value, for lists of <c>(name=…,value=…)</c>.</summary>
    public ImmutableArray<KeyValuePair<string, string>> NamedItems() =>
        [.. Items.OfType<ConfigValue.Complex>().Select(c => KeyValuePair.Create(Field(c, "name"), Field(c, "value")))];

    public static string Field(ConfigValue.Complex value, string name) =>
        value.Pairs.FirstOrDefault(p => p.Key == name).Value ?? "";

    /// <summary>The same, whatever the order in which the pairs of a complex value were given.</summary>
    public static bool Same(ConfigValue a, ConfigValue b) => (a, b) switch
    {
        (ConfigValue.Simple x, ConfigValue.Simple y) => x.Text == y.Text,
        (ConfigValue.Complex x, ConfigValue.Complex y) =>
            x.Pairs.Length == y.Pairs.Length && x.Pairs.All(p => y.Pairs.Contains(p)),
        _ => false,
    };
}
