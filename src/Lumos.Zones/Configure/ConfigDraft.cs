using System.Collections.Immutable;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>A configuration while it is edited: what is saved, what it has become, and the resource that is open. A value.</summary>
/// <param name="Name">The zone one was called for, or its new name.</param>
/// <param name="Config">Null: there is none; create makes one.</param>
/// <param name="Saved">As on the disk; null: the zone does not exist.</param>
/// <param name="SavedUuid">The uuid it has in the index.</param>
/// <param name="State">Its stored state; null: it does not exist.</param>
/// <param name="Uuid">The uuid it is to have; null: one is made.</param>
/// <param name="Scope">The resource that is open; null: the global scope.</param>
/// <param name="IsDirty">It differs from what is saved, or is new.</param>
public sealed record ConfigDraft(
    ZoneName Name, ZoneConfig? Config, ZoneConfig? Saved, string? SavedUuid, ZoneState? State, string? Uuid = null, ConfigScope? Scope = null,
    bool IsDirty = false)
{
    /// <summary>What sets it apart, said once to who changed it.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>A resource that is open.</summary>
/// <param name="Place">Its place among those of its type; null: it is new.</param>
public sealed record ConfigScope(ResourceType Type, int? Place, ResourceDraft Draft);
