using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Node.Disks;

/// <summary>A layout as JSON, with SmartOS's members: vdevs, spares, logs, cache, capacity. A lone disk is a vdev by itself.</summary>
public static class PoolLayoutJson
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text that <c>disklayout</c> prints.</summary>
    public static string Write(PoolLayout layout)
    {
        var document = new JsonObject
        {
            ["vdevs"] = new JsonArray([.. layout.Vdevs.Select(FromVdev)]),
            ["capacity"] = layout.Capacity,
        };
        Add("spares", layout.Spares);
        Add("logs", layout.Logs);
        Add("cache", layout.Cache);
        return document.ToJsonString(Indented);

        void Add(string role, IReadOnlyList<Disk> disks)
        {
            if (disks.Count > 0)
            {
                document[role] = FromDisks(disks);
            }
        }
    }

    /// <summary>The text that <c>disklayout</c> prints when there is no layout.</summary>
    public static string WriteError(string why) => new JsonObject { ["error"] = why }.ToJsonString(Indented);

    /// <summary>Reads a layout that disklayout or a person wrote.</summary>
    /// <exception cref="LumosException">BadLayout: names the file and what is wrong.</exception>
    public static PoolLayout Read(string text, string file)
    {
        try
        {
            var document = JsonNode.Parse(text)?.AsObject() ?? throw Bad(file, "is empty");
            if (document["error"] is { } error)
            {
                throw Bad(file, $"holds an error instead of a layout: {error}");
            }
            var vdevs = Array(document, "vdevs").Select(v => ToVdev(v, file)).ToList();
            return vdevs.Count == 0
                ? throw Bad(file, "has no vdevs")
                : new PoolLayout
                {
                    Vdevs = vdevs,
                    Spares = Array(document, "spares").Select(d => ToDisk(d, file)).ToList(),
                    Logs = Array(document, "logs").Select(d => ToDisk(d, file)).ToList(),
                    Cache = Array(document, "cache").Select(d => ToDisk(d, file)).ToList(),
                    Capacity = document["capacity"]?.GetValue<long>() ?? 0,
                };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new LumosException("BadLayout", $"{file} is not a pool layout", inner: e);
        }
    }

    private static LumosException Bad(string file, string what) => new("BadLayout", $"{file} {what}");

    private static IEnumerable<JsonNode> Array(JsonObject document, string member) =>
        document[member] is { } array ? array.AsArray().OfType<JsonNode>() : [];

    private static JsonNode FromVdev(Vdev vdev) => vdev.Type is null
        ? FromDisk(vdev.Devices[0])
        : new JsonObject { ["type"] = vdev.Type, ["devices"] = FromDisks(vdev.Devices) };

    private static JsonArray FromDisks(IEnumerable<Disk> disks) => new([.. disks.Select(FromDisk)]);

    private static JsonNode FromDisk(Disk disk) => new JsonObject
    {
        ["name"] = disk.Name,
        ["vid"] = disk.Vendor,
        ["pid"] = disk.Product,
        ["size"] = disk.Size,
        ["solid_state"] = disk.SolidState,
    };

    private static Vdev ToVdev(JsonNode node, string file)
    {
        if (node["devices"] is null)
        {
            return new Vdev(null, [ToDisk(node, file)]);
        }
        string type = node["type"]?.GetValue<string>() ?? throw Bad(file, "has a vdev without a type");
        if (type is not ("mirror" or "raidz" or "raidz1" or "raidz2" or "raidz3"))
        {
            throw Bad(file, $"has a vdev of the unknown type {type}");
        }
        var devices = node["devices"]!.AsArray().OfType<JsonNode>().Select(d => ToDisk(d, file)).ToList();
        return devices.Count == 0
            ? throw Bad(file, $"has a {type} vdev without devices")
            : new Vdev(type == "raidz1" ? "raidz" : type, devices);
    }

    private static Disk ToDisk(JsonNode node, string file)
    {
        string? name = node is JsonValue ? node.GetValue<string>() : node["name"]?.GetValue<string>();
        return string.IsNullOrEmpty(name)
            ? throw Bad(file, "has a device without a name")
            : new Disk(name, "UNKNOWN", Text("vid"), Text("pid"),
                node is JsonObject && node["size"] is { } size ? size.GetValue<long>() : 0, false,
                node is JsonObject && node["solid_state"]?.GetValue<bool>() == true);

        string Text(string member) => node is JsonObject && node[member] is { } value ? value.GetValue<string>() : "";
    }
}
