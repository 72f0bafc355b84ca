using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Core.Hosting;

/// <summary>From JSON to records; every complaint names the file and the member.</summary>
internal sealed class HostedConfigReader(string file)
{
    internal HostedConfig Read(JsonNode? node)
    {
        var config = Object(node, "the whole");
        return new HostedConfig
        {
            Name = Text(config, "", "name"),
            LinkPrefix = Text(config, "", "link_prefix"),
            Pool = config["pool"] is { } pool ? ReadPool(Object(pool, "pool")) : null,
            Tags = config["tags"] switch
            {
                null => [],
                JsonArray tags => [.. tags.Select((tag, n) => ReadTag(Object(tag, $"tags[{n}]"), $"tags[{n}]"))],
                _ => throw Bad("tags is not a list"),
            },
        };
    }

    private HostedPool ReadPool(JsonObject pool) =>
        new(Text(pool, "pool.", "kind"), Text(pool, "pool.", "name"), Text(pool, "pool.", "root"));

    private HostedTag ReadTag(JsonObject tag, string where)
    {
        bool existing = Flag(tag, where + ".", "existing", false);
        IpNet? subnet = null;
        if (!existing && !IpNet.TryParse(Text(tag, where + ".", "subnet"), out subnet))
        {
            throw Bad($"{where}.subnet \"{tag["subnet"]}\" is not a network such as 172.31.0.0/24");
        }
        return new HostedTag
        {
            Name = Text(tag, where + ".", "name"),
            Bridge = Text(tag, where + ".", "bridge"),
            Existing = existing,
            Subnet = subnet,
            Nat = Flag(tag, where + ".", "nat", !existing) && !existing,
            Dhcp = Flag(tag, where + ".", "dhcp", !existing) && !existing,
        };
    }

    private JsonObject Object(JsonNode? node, string where) => node as JsonObject ?? throw Bad($"{where} is not an object");

    private string Text(JsonObject from, string where, string member) =>
        from[member] is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : throw Bad($"{where}{member} is missing or not a text");

    private bool Flag(JsonObject from, string where, string member, bool otherwise) => from[member]?.GetValueKind() switch
    {
        null => otherwise,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad($"{where}{member} is neither true nor false"),
    };

    private LumosException Bad(string why) => new("BadHostedConfig", $"{file}: {why}");
}
