using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Drivers.Pools;

/// <summary>
/// Pools by the <c>zpool</c> command: exit status, -H -p and JSON output only. No cache file is kept: which pools there are
/// is found on the disks at each boot. Labelling a disk needs a running udev, which makes the partitions' nodes.
/// </summary>
public sealed class Zpool(string zpool = "zpool") : IPools
{
    public IReadOnlyList<PoolFacts> List()
    {
        string output = Tool.Run(zpool, "list", "-H", "-p", "-o", "name,size,free,health,guid,comment").OrThrow().Output;
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .Select(f => new PoolFacts(f[0], Number(f[1]), Number(f[2]), f[3], f[4], f[5]))
            .ToList();
    }

    public IReadOnlyList<string> Import(IReadOnlyList<string>? only)
    {
        string[] import = [zpool, "import", "-f", "-N", "-o", "cachefile=none"];
        if (only is not null)
        {
            var here = List().Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
            return only.Where(name => !here.Contains(name))
                .Select(name => (Name: name, Result: Tool.Run([.. import, name])))
                .Where(r => !r.Result.Succeeded)
                .Select(r => $"pool {r.Name} cannot be imported: {Words(r.Result)}")
                .ToList();
        }
        var all = Tool.Run([.. import, "-a"]);
        if (all.Succeeded)
        {
            return [];
        }
        // The status is 1 for "there is none" too; a pool that stayed away is still there to be listed.
        string left = Tool.Run(zpool, "import").Output;
        var names = left.Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.StartsWith("pool:", StringComparison.Ordinal))
            .Select(line => line[5..].Trim())
            .ToList();
        return names.Count == 0 && left.Trim().Length == 0
            ? []
            : [$"{(names.Count > 0 ? $"pool {string.Join(", pool ", names)}" : "a pool")} cannot be imported: {Words(all)}"];
    }

    public void Create(PoolToCreate pool) =>
        Tool.Run(
        [
            zpool, "create", .. pool.Force ? new[] { "-f" } : [], "-o", "cachefile=none",
            .. pool.Comment.Length > 0 ? new[] { "-o", $"comment={pool.Comment}" } : [],
            .. pool.FileSystemProperties.SelectMany(p => new[] { "-O", $"{p.Key}={p.Value}" }),
            pool.Name, .. pool.Vdevs,
        ]).OrThrow();

    public void Destroy(string name)
    {
        var devices = Devices(name).Paths;
        Tool.Run(zpool, "destroy", "-f", name).OrThrow();
        foreach (string device in devices)
        {
            // Else the disk would go on looking as if it held a pool's data. What cannot be cleared is no worse than that.
            _ = Tool.Run(zpool, "labelclear", "-f", device);
        }
    }

    public void SetComment(string name, string comment) => Tool.Run(zpool, "set", $"comment={comment}", name).OrThrow();

    public void Export(string name) => Tool.Run(zpool, "export", name).OrThrow();

    public PoolDevices Devices(string name)
    {
        string output = Tool.Run(zpool, "status", "-j", "--json-int", name).OrThrow().Output;
        return ParseStatus(output, name);
    }

    /// <summary>Reads <c>zpool status -j</c>: vdevs nest, a vdev without vdevs of its own is a device.</summary>
    public static PoolDevices ParseStatus(string json, string name)
    {
        try
        {
            var pool = JsonNode.Parse(json)?["pools"]?[name]?.AsObject()
                ?? throw new LumosException("PoolNotFound", $"zpool status does not know the pool {name}");
            var roots = pool["vdevs"]?.AsObject().Select(p => p.Value).OfType<JsonObject>().ToList() ?? [];
            var top = roots.SelectMany(Children).ToList();
            string first = top.Count > 0 ? top[0].Key : "";
            string kind = first.Split('-', ':')[0];
            var roles = new[] { "logs", "l2cache", "spares", "special", "dedup" }
                .Select(role => pool[role]).OfType<JsonObject>().SelectMany(o => o).ToList();
            return new PoolDevices(
                top.Count > 0 && Children(top[0].Value!.AsObject()).Any() ? kind : "striped",
                [.. top.Concat(roles).SelectMany(Leaves).Distinct(StringComparer.Ordinal)]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LumosException("PoolStatusUnreadable", $"cannot read what zpool status says of the pool {name}", inner: e);
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Children(JsonObject vdev) => vdev["vdevs"] as JsonObject ?? [];

    private static IEnumerable<string> Leaves(KeyValuePair<string, JsonNode?> vdev)
    {
        if (vdev.Value is not JsonObject body)
        {
            return [];
        }
        return body["vdevs"] is JsonObject below ? below.SelectMany(Leaves) : [body["path"]?.GetValue<string>() ?? vdev.Key];
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    private static string Words(ToolResult result) => string.Join(" ", result.ErrorOutput
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
