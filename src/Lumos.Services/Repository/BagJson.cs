using System.Text.Json.Nodes;
using Lumos.Services.Model;

namespace Lumos.Services.Repository;

/// <summary>Properties as JSON: {"group": {"type": …, "properties": {"name": {"type": …, "values": […]}}}}.</summary>
public static class BagJson
{
    public static JsonObject Write(PropertyBag bag) => new(bag.Groups.Select(group => KeyValuePair.Create(group.Key, (JsonNode?)new JsonObject
    {
        ["type"] = group.Value.Type,
        ["properties"] = new JsonObject(group.Value.Properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)new JsonObject
        {
            ["type"] = p.Value.Type,
            ["values"] = new JsonArray([.. p.Value.Values.Select(v => JsonValue.Create(v))]),
        }))),
    })));

    public static PropertyBag Read(JsonNode node)
    {
        var bag = PropertyBag.Empty;
        foreach (var (name, group) in node.AsObject())
        {
            var properties = PropertyGroup.NoProperties.AddRange(group!["properties"]!.AsObject().Select(p => KeyValuePair.Create(
                p.Key, new Property((string)p.Value!["type"]!, [.. p.Value["values"]!.AsArray().Select(v => (string)v!)]))));
            bag = bag.With(name, new PropertyGroup((string)group["type"]!, properties));
        }
        return bag;
    }
}
