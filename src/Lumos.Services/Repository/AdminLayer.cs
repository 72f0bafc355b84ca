using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Services.Model;

namespace Lumos.Services.Repository;

/// <summary>A manifest that an administrator imported: kept whole, as its file may go away.</summary>
public sealed record ImportedManifest(string Source, string Text);

/// <summary>
/// What administrators changed, laid over the platform's manifests: the content of repository.json. Keys of
/// <see cref="Overrides"/> are FMRIs of services or instances.
/// </summary>
public sealed record AdminLayer(
    ImmutableArray<ImportedManifest> Imported,
    ImmutableSortedSet<string> Deleted,
    ImmutableSortedDictionary<string, PropertyBag> Overrides)
{
    public static readonly AdminLayer Empty = new(
        [],
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, PropertyBag>(StringComparer.Ordinal));

    public PropertyBag Of(string name) => Overrides.GetValueOrDefault(name, PropertyBag.Empty);

    public AdminLayer With(string name, PropertyBag bag) =>
        this with { Overrides = bag.Groups.IsEmpty ? Overrides.Remove(name) : Overrides.SetItem(name, bag) };

    public JsonObject ToJson() => new()
    {
        ["format"] = 1,
        ["imported"] = new JsonArray([.. Imported.Select(m => new JsonObject { ["source"] = m.Source, ["text"] = m.Text })]),
        ["deleted"] = new JsonArray([.. Deleted.Select(d => JsonValue.Create(d))]),
        ["overrides"] = new JsonObject(Overrides.Select(o => KeyValuePair.Create(o.Key, (JsonNode?)BagJson.Write(o.Value)))),
    };

    /// <summary>Reads <see cref="ToJson"/>'s form; null: it is not one.</summary>
    public static AdminLayer? FromJson(JsonNode? node)
    {
        if (node is not JsonObject root || (int?)root["format"] != 1
            || root["imported"] is not JsonArray imported || root["deleted"] is not JsonArray deleted || root["overrides"] is not JsonObject overrides)
        {
            return null;
        }
        return new AdminLayer(
            [.. imported.Select(m => new ImportedManifest((string)m!["source"]!, (string)m["text"]!))],
            Empty.Deleted.Union(deleted.Select(d => (string)d!)),
            Empty.Overrides.AddRange(overrides.Select(o => KeyValuePair.Create(o.Key, BagJson.Read(o.Value!)))));
    }
}
