using System.Collections.Immutable;

namespace Lumos.Services.Model;

/// <summary>A typed list of values. Types are SMF's names (astring, boolean, count, integer, fmri, time, …), kept as text.</summary>
public sealed record Property(string Type, ImmutableArray<string> Values)
{
    public static Property Of(string type, params string[] values) => new(type, [.. values]);

    public string? First => Values.IsEmpty ? null : Values[0];
}

/// <summary>A property group: dependencies, methods and settings are all groups, told apart by their type.</summary>
public sealed record PropertyGroup(string Type, ImmutableSortedDictionary<string, Property> Properties)
{
    public static readonly ImmutableSortedDictionary<string, Property> NoProperties =
        ImmutableSortedDictionary.Create<string, Property>(StringComparer.Ordinal);

    public static PropertyGroup Empty(string type) => new(type, NoProperties);

    public string? this[string name] => Properties.TryGetValue(name, out var property) ? property.First : null;

    public PropertyGroup With(string name, Property value) => this with { Properties = Properties.SetItem(name, value) };
}

/// <summary>
/// All that is configured of a service or of an instance. Layers (the service's manifest, what an administrator set on the
/// service, the instance's manifest, what an administrator set on the instance) are laid over one another by <see cref="Over"/>.
/// </summary>
public sealed record PropertyBag(ImmutableSortedDictionary<string, PropertyGroup> Groups)
{
    public static readonly PropertyBag Empty = new(ImmutableSortedDictionary.Create<string, PropertyGroup>(StringComparer.Ordinal));

    public PropertyGroup? this[string group] => Groups.GetValueOrDefault(group);

    public string? Value(string group, string property) => this[group]?[property];

    public PropertyBag With(string group, PropertyGroup value) => new(Groups.SetItem(group, value));

    public PropertyBag With(string group, string type, string name, Property value) =>
        With(group, (this[group] ?? PropertyGroup.Empty(type)).With(name, value));

    /// <summary>This layer over another: a property here hides the same property below.</summary>
    public PropertyBag Over(PropertyBag below)
    {
        var groups = below.Groups.ToBuilder();
        foreach (var (name, group) in Groups)
        {
            groups[name] = groups.TryGetValue(name, out var other)
                ? new PropertyGroup(group.Type, other.Properties.SetItems(group.Properties))
                : group;
        }
        return new PropertyBag(groups.ToImmutable());
    }

    /// <summary>Without one property; a group left empty goes too.</summary>
    public PropertyBag Without(string group, string name)
    {
        if (this[group] is not { } found)
        {
            return this;
        }
        var left = found.Properties.Remove(name);
        return left.IsEmpty ? new PropertyBag(Groups.Remove(group)) : With(group, found with { Properties = left });
    }
}
