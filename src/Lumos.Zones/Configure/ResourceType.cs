using System.Collections.Immutable;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>A simple property of a resource.</summary>
/// <param name="Check">A sentence when the value will not do; null: any text does.</param>
public sealed record ResourceProperty(string Name, bool Required, Func<string, string?>? Check = null);

/// <summary>
/// One type of resource: what it is made of, and where in a <see cref="ZoneConfig"/> it is kept. A row of
/// <see cref="ResourceTypes"/>; commands, help, info and export follow from it.
/// </summary>
public sealed record ResourceType
{
    public required string Name { get; init; }

    public required ImmutableArray<ResourceProperty> Properties { get; init; }

    /// <summary>The property that is a list; null: there is none.</summary>
    public string? List { get; init; }

    /// <summary>The names within each item of the list; empty: its items are simple.</summary>
    public ImmutableArray<string> ListFields { get; init; } = [];

    /// <summary>At least one item.</summary>
    public bool ListRequired { get; init; }

    /// <summary>The property no two of the type may share; null: there is one of the type at most.</summary>
    public string? Key { get; init; }

    /// <summary>It is another way to set resource controls: shown by info, and exported as those.</summary>
    public bool IsAlias { get; init; }

    /// <summary>What holds between the properties; null: nothing is wrong.</summary>
    public Func<ResourceDraft, string?> Check { get; init; } = _ => null;

    /// <summary>All of the type, in the configuration's order.</summary>
    public required Func<ZoneConfig, IEnumerable<ResourceDraft>> Read { get; init; }

    /// <summary>The configuration with one put in place; the place is null for a new one.</summary>
    public required Func<ZoneConfig, int?, ResourceDraft, ZoneConfig> Write { get; init; }

    /// <summary>The configuration without the one at a place.</summary>
    public required Func<ZoneConfig, int, ZoneConfig> Remove { get; init; }

    public ResourceProperty? Property(string name) => Properties.FirstOrDefault(p => p.Name == name);
}
