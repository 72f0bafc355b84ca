using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Core.Hosting;

/// <summary>
/// What makes a global zone a hosted one: /usbkey/hosted.json, written by <c>lumos-host up</c>, read by whoever has to know that
/// the machine is shared. Where the file is missing the machine is ours alone (the live image).
/// <code>
/// {"name": "default", "link_prefix": "lumos0",
///  "pool": {"kind": "btrfs", "name": "zones", "root": "/zones"},
///  "tags": [{"name": "admin", "bridge": "lumos0", "subnet": "172.31.0.0/24", "nat": true, "dhcp": true},
///           {"name": "ext", "bridge": "br0", "existing": true}]}
/// </code>
/// Members that are not known here are nobody's mistake: a newer <c>lumos-host</c> may have written them.
/// </summary>
public sealed record HostedConfig
{
    /// <summary>Where the file is, within the mount namespace of the hosted global zone.</summary>
    public const string Path = "/usbkey/hosted.json";

    /// <summary>A link's name has 15 characters; what zones' links add to the prefix needs the rest.</summary>
    public const int LongestPrefix = 8;

    private const int LongestName = 32, LongestLink = 15;

    /// <summary>Tells this hosted root from others on the host: in names of the nftables table, run-time folders, marks of links.</summary>
    public required string Name { get; init; }

    /// <summary>Begins the names of the host's ends of zones' links: lumos0 → lumos0.3.0.</summary>
    public required string LinkPrefix { get; init; }

    /// <summary>Null: nothing is said of the pool.</summary>
    public HostedPool? Pool { get; init; }

    /// <summary>The nic tags, in the order of the file.</summary>
    public ImmutableArray<HostedTag> Tags { get; init; } = [];

    public HostedTag? Tag(string name) => Tags.FirstOrDefault(t => t.Name == name);

    /// <summary>The bridges that are ours to make.</summary>
    public IEnumerable<HostedTag> OwnTags => Tags.Where(t => !t.Existing);

    /// <param name="text">The file's text.</param>
    /// <param name="file">Its name, for the sentence.</param>
    /// <exception cref="LumosException">BadHostedConfig: names the member at fault.</exception>
    public static HostedConfig Parse(string text, string file = Path)
    {
        try
        {
            return new HostedConfigReader(file).Read(JsonNode.Parse(text)).Check(file);
        }
        catch (Exception e) when (e is JsonException or ArgumentException) // the latter: a member is there twice
        {
            throw new LumosException("BadHostedConfig", $"{file} is not well-formed JSON", inner: e);
        }
    }

    /// <summary>The file's text.</summary>
    public string ToJson()
    {
        var tags = new JsonArray();
        foreach (var tag in Tags)
        {
            tags.Add((JsonNode)tag.ToJson());
        }
        var config = new JsonObject { ["name"] = Name, ["link_prefix"] = LinkPrefix };
        if (Pool is { } pool)
        {
            config["pool"] = new JsonObject { ["kind"] = pool.Kind, ["name"] = pool.Name, ["root"] = pool.Root };
        }
        config["tags"] = tags;
        return config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>The same, when it holds together.</summary>
    /// <exception cref="LumosException">BadHostedConfig.</exception>
    public HostedConfig Check(string file = Path)
    {
        LumosException Bad(string why) => new("BadHostedConfig", $"{file}: {why}");

        if (!IsWord(Name, LongestName))
        {
            throw Bad($"name \"{Name}\" is not a letter followed by letters, digits, \"-\" and \"_\", {LongestName} characters at most");
        }
        if (!IsWord(LinkPrefix, LongestPrefix))
        {
            throw Bad($"link_prefix \"{LinkPrefix}\" is not a letter followed by letters, digits, \"-\" and \"_\", {LongestPrefix} characters at most");
        }
        foreach (var tag in Tags)
        {
            if (tag.Name.Length is 0 or > 31 || !tag.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || char.IsAsciiDigit(tag.Name[0]))
            {
                throw Bad($"tag \"{tag.Name}\" is not a letter followed by letters, digits and \"_\", 31 characters at most");
            }
            if (tag.Bridge.Length is 0 or > LongestLink || tag.Bridge.Any(c => c is '/' or ':' or '"' or '\\' || c <= ' ' || c > '~'))
            {
                throw Bad($"tag {tag.Name}: bridge \"{tag.Bridge}\" is no name of a link ({LongestLink} characters at most)");
            }
            if (!tag.Existing && tag.Subnet is not { IsV6: false, PrefixLength: >= 8 and <= 30 })
            {
                throw Bad($"tag {tag.Name}: subnet {tag.Subnet?.ToString() ?? "(none)"} is not an IPv4 network from /8 to /30");
            }
            if (!tag.Existing && tag.Subnet is { } subnet && subnet.Network != subnet)
            {
                throw Bad($"tag {tag.Name}: subnet {subnet} has bits beyond its prefix; its network is {subnet.Network}");
            }
        }
        for (int i = 0; i < Tags.Length; i++)
        {
            foreach (var other in Tags.Skip(i + 1))
            {
                var tag = Tags[i];
                if (tag.Name == other.Name)
                {
                    throw Bad($"tag {tag.Name} is there twice");
                }
                if (tag.Bridge == other.Bridge && !(tag.Existing && other.Existing))
                {
                    throw Bad($"tags {tag.Name} and {other.Name} both want bridge {tag.Bridge}; only an existing bridge may have several tags");
                }
                if (tag.Subnet is { } one && other.Subnet is { } two && one.Overlaps(two))
                {
                    throw Bad($"the subnets of tags {tag.Name} and {other.Name} overlap: {one} and {two}");
                }
            }
        }
        return this;
    }

    private static bool IsWord(string text, int longest) =>
        text.Length >= 1 && text.Length <= longest && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}

/// <summary>The pool of a hosted global zone.</summary>
/// <param name="Kind">zfs or btrfs.</param>
/// <param name="Name">As datasets are named under it.</param>
/// <param name="Root">Where it is mounted, within the mount namespace.</param>
public sealed record HostedPool(string Kind, string Name, string Root);
