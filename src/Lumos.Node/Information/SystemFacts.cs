using Lumos.Core.Boot;
#pragma warning disable CA1507 // the strings are SmartOS's field names; that some are spelt like our members is chance
using System.Text.Json.Nodes;

namespace Lumos.Node.Information;

/// <summary>What sysinfo tells of the machine, before it is put into SmartOS's field names.</summary>
internal sealed record SystemFacts
{
    public string LiveImage { get; init; } = "";

    /// <summary>Seconds since 1970.</summary>
    public long BootTime { get; init; }

    public string? DatacenterName { get; init; }

    public required string Uuid { get; init; }

    public required string Hostname { get; init; }

    public bool IsSetUp { get; init; }

    /// <summary>Whether the machine is somebody's host, on which we are a guest among others.</summary>
    public bool IsHosted { get; init; }

    /// <summary>What keeps the datasets: zfs or btrfs; null without a pool.</summary>
    public string? StorageBackend { get; init; }

    /// <summary>SMBIOS strings by SmartOS's field name (Manufacturer, Product …).</summary>
    public IReadOnlyDictionary<string, string> Hardware { get; init; } = new Dictionary<string, string>();

    public required CpuFacts Cpu { get; init; }

    public int OnlineCpus { get; init; }

    /// <summary>Whether /dev/kvm is there to run hardware virtual machines with.</summary>
    public bool HasKvm { get; init; }

    /// <summary>Bytes.</summary>
    public long Memory { get; init; }

    public PoolSummary? Pool { get; init; }

    /// <summary>Bytes by disk name.</summary>
    public IReadOnlyDictionary<string, long> Disks { get; init; } = new Dictionary<string, long>();

    public IReadOnlyList<KeyValuePair<string, string>> BootParameters { get; init; } = [];

    public string AdminTag { get; init; } = "admin";

    public string AdminIp { get; init; } = "";

    public IReadOnlyList<LinkFacts> Links { get; init; } = [];

    /// <summary>Inventories are handed around; these arguments hold passwords.</summary>
    private static readonly string[] _secretArguments = ["answers", "root_shadow"];

    /// <summary>The boot arguments that may be told.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> WithoutSecrets(BootArguments boot) =>
        [.. boot.All.Where(p => !_secretArguments.Contains(p.Key))];

    /// <summary>The document that sysinfo prints.</summary>
    internal JsonObject ToJson()
    {
        var document = new JsonObject
        {
            ["Live Image"] = LiveImage,
            ["System Type"] = "Linux",
            ["Boot Time"] = BootTime.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        if (DatacenterName is not null)
        {
            document["Datacenter Name"] = DatacenterName;
        }
        document["SDC Version"] = "7.0";
        foreach (var (field, value) in Hardware)
        {
            document[field] = value;
        }
        document["Setup"] = IsSetUp ? "true" : "false";
        document["Hosted"] = IsHosted;
        document["VM Capable"] = HasKvm;
        document["Bhyve Capable"] = HasKvm;
        document["HVM API"] = true;
        document["CPU Type"] = Cpu.Model;
        document["CPU Virtualization"] = Cpu.Virtualization;
        // SmartOS's names count other things than they say: sockets and threads. Inventories rely on it.
        document["CPU Physical Cores"] = Cpu.Sockets;
        document["CPU Total Cores"] = Cpu.Threads;
        document["CPU Socket Count"] = Cpu.Sockets;
        document["CPU Core Count"] = Cpu.Cores;
        document["CPU Online Count"] = OnlineCpus;
        document["CPU Count"] = Cpu.Threads;
        document["MiB of Memory"] = (Memory >> 20).ToString(System.Globalization.CultureInfo.InvariantCulture);
        document["UUID"] = Uuid;
        document["Hostname"] = Hostname;
        if (StorageBackend is not null)
        {
            document["Storage Backend"] = StorageBackend;
        }
        if (Pool is { } pool)
        {
            document["Zpool"] = pool.Name;
            document["Zpool Encrypted"] = pool.Encrypted;
            document["Zpool Disks"] = string.Join(',', pool.Disks);
            document["Zpool Profile"] = pool.Profile;
            document["Zpool Creation"] = pool.Creation;
            document["Zpool Size in GiB"] = pool.Size >> 30;
        }
        document["Disks"] = Map(Disks, d => (d.Key, (JsonNode)new JsonObject { ["Size in GB"] = d.Value / 1_000_000_000 }));
        document["Boot Parameters"] = Map(
            BootParameters.GroupBy(p => p.Key), g => (g.Key, (JsonNode)JsonValue.Create(g.Last().Value)));
        document["SDC Agents"] = new JsonArray();
        document["Admin NIC Tag"] = AdminTag;
        document["Admin IP"] = AdminIp;
        document["Network Interfaces"] = Map(Links.Where(l => l.IsPhysical), l => (l.Name, (JsonNode)new JsonObject
        {
            ["MAC Address"] = l.Mac,
            ["ip4addr"] = l.Ip4,
            ["Link Status"] = l.IsUp ? "up" : "down",
            ["NIC Names"] = new JsonArray([.. l.Tags.Select(t => (JsonNode)JsonValue.Create(t))]),
        }));
        document["Virtual Network Interfaces"] = Map(Links.Where(l => !l.IsPhysical), l => (l.Name, (JsonNode)new JsonObject
        {
            ["MAC Address"] = l.Mac,
            ["ip4addr"] = l.Ip4,
            ["Link Status"] = l.IsUp ? "up" : "down",
            ["Host Interface"] = l.Tags.Count > 0 ? l.Tags[0] : "",
            ["VLAN"] = "0",
        }));
        document["Link Aggregations"] = new JsonObject();
        return document;
    }

    /// <summary>The document as shell assignments: blanks become "_", nested names are joined by "_".</summary>
    internal static string ToParsable(JsonObject document)
    {
        var lines = new List<string>();
        Flatten("", document);
        return string.Concat(lines.Select(l => l + "\n"));

        void Flatten(string prefix, JsonNode? node)
        {
            switch (node)
            {
                case JsonObject members:
                    foreach (var (name, value) in members)
                    {
                        Flatten(prefix.Length == 0 ? name : $"{prefix}_{name}", value);
                    }
                    break;
                case JsonArray items:
                    Add(prefix, string.Join(',', items.Select(i => i?.ToString())));
                    break;
                default:
                    Add(prefix, node is JsonValue v && v.GetValueKind() is var kind
                        && kind is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False
                        ? node.ToJsonString() : node?.ToString() ?? "");
                    break;
            }
        }

        void Add(string name, string value)
        {
            string key = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
            lines.Add($"{key}='{value.Replace("'", "'\\''", StringComparison.Ordinal)}'");
        }
    }

    private static JsonObject Map<T>(IEnumerable<T> items, Func<T, (string Key, JsonNode Value)> pair) =>
        new(items.Select(pair).Select(p => new KeyValuePair<string, JsonNode?>(p.Key, p.Value)));
}

/// <summary>The system's pool.</summary>
/// <param name="Profile">single, mirror, raidz1 …</param>
/// <param name="Creation">Seconds since 1970.</param>
/// <param name="Size">Bytes.</param>
internal sealed record PoolSummary(string Name, bool Encrypted, IReadOnlyList<string> Disks, string Profile, long Creation, long Size);

/// <summary>A link of the global zone. Tags: for a physical one, the nic tags on it; for a bridge of no hardware, its own name.</summary>
internal sealed record LinkFacts(string Name, string Mac, string Ip4, bool IsUp, bool IsPhysical, IReadOnlyList<string> Tags);
