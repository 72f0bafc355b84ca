using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Info;

/// <summary>
/// What the datasets of a VM say: the properties that the table keeps there, of the root dataset and of the one that the VM was
/// given. Empty for a VM without one.
/// </summary>
/// <param name="Values">Of the root dataset.</param>
/// <param name="Data">Of POOL/UUID/data; null: there is none.</param>
public sealed record DatasetFacts(IReadOnlyDictionary<string, string?> Values, IReadOnlyDictionary<string, string?>? Data = null)
{
    /// <summary>Of the disks that lie in the root dataset, by their own names (disk0); null: there are none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string?>>? Disks { get; init; }

    /// <summary>What a disk's volume says of it, and whether that is a number of bytes shown in MiB.</summary>
    private static readonly (string Leaf, string Name, bool InMebibytes)[] s_ofDisks =
        [("size", "volsize", true), ("refreservation", "refreservation", true), ("compression", "compression", false), ("block_size", "volblocksize", false)];

    /// <summary>What a hardware VM's quota is set as.</summary>
    private const string MachineQuota = "refquota";

    private const string DataSuffix = "/data";

    public static DatasetFacts None { get; } = new(new Dictionary<string, string?>());

    /// <summary>The properties to ask for.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. PropertyTable.Rows
        .Select(r => r.Store is PropertyStore.Zfs(var name) ? name : r.Store is PropertyStore.DataZfs(var data) ? data : null).OfType<string>().Append(MachineQuota).Concat(s_ofDisks.Select(d => d.Name)).Distinct()];

    /// <summary>Of each dataset right below a pool, by its name.</summary>
    /// <param name="entries">A listing of two levels below the pools, with <see cref="Names"/>.</param>
    public static Dictionary<string, DatasetFacts> ByName(IReadOnlyList<DatasetEntry> entries)
    {
        var data = entries.Where(e => e.Name.Count(c => c == '/') == 2 && e.Name.EndsWith(DataSuffix, StringComparison.Ordinal))
            .ToDictionary(e => e.Name[..^DataSuffix.Length], e => e.Properties, StringComparer.Ordinal);
        var disks = entries.Where(e => e.Kind == DatasetKinds.Volume && e.Name.Count(c => c == '/') == 2).ToLookup(e => e.Dataset.Parent!.Value, StringComparer.Ordinal);
        return entries.Where(e => e.Kind == DatasetKinds.FileSystem && e.Name.Count(c => c == '/') < 2)
            .ToDictionary(e => e.Name, e => new DatasetFacts(e.Properties, data.GetValueOrDefault(e.Name))
            {
                Disks = disks.Contains(e.Name) ? disks[e.Name].ToDictionary(d => d.Dataset.Leaf, d => d.Properties, StringComparer.Ordinal) : null,
            }, StringComparer.Ordinal);
    }

    /// <summary>The same properties with the same values.</summary>
    public bool SameAs(DatasetFacts other) => Same(Values, other.Values) && (Data, other.Data) switch
    {
        (null, null) => true,
        ({ } mine, { } theirs) => Same(mine, theirs),
        _ => false,
    } && (Disks ?? s_none).Count == (other.Disks ?? s_none).Count && (Disks ?? s_none).All(d => other.Disks!.TryGetValue(d.Key, out var theirs) && Same(d.Value, theirs));

    private static readonly Dictionary<string, IReadOnlyDictionary<string, string?>> s_none = [];

    /// <summary>GiB of a quota in bytes; half a GiB and more count as one.</summary>
    public static long Gibibytes(long bytes) => (bytes + (1L << 29)) >> 30;

    public void AddTo(JsonObject vm, VmSpec spec)
    {
        if (Values.Count == 0)
        {
            return;
        }
        vm["zfs_filesystem"] = spec.RootDataset;
        AddDisks(vm, spec);
        foreach (var row in PropertyTable.Rows)
        {
            switch (row.Store)
            {
                case PropertyStore.Zfs("quota") when spec.IsMachine:
                    Add(vm, row, Values.GetValueOrDefault(MachineQuota) is { } limit and not "none" ? limit : "0");
                    break;
                case PropertyStore.Zfs(var name):
                    Add(vm, row, name == "quota" && Values.GetValueOrDefault(name) is null or "none" ? "0" : Values.GetValueOrDefault(name));
                    break;
                case PropertyStore.DataZfs(var name) when Data is not null && spec.HasData:
                    Add(vm, row, Data.GetValueOrDefault(name));
                    break;
            }
        }
    }

    // What the volumes say is so, whatever the configuration says they were made with.
    private void AddDisks(JsonObject vm, VmSpec spec)
    {
        if (!spec.IsMachine || vm["disks"] is not JsonArray disks)
        {
            return;
        }
        for (int n = 0; n < disks.Count; n++)
        {
            var disk = (JsonObject)disks[n]!;
            if (DiskRules.OwnDataset(disk, spec) is not { } dataset || Disks?.GetValueOrDefault(dataset[(dataset.LastIndexOf('/') + 1)..]) is not { } volume
                || !dataset.StartsWith(spec.RootDataset + "/", StringComparison.Ordinal))
            {
                continue;
            }
            foreach (var (leaf, name, inMebibytes) in s_ofDisks)
            {
                if (volume.GetValueOrDefault(name) is { } text)
                {
                    disk[leaf] = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? JsonValue.Create(inMebibytes ? number >> 20 : number) : JsonValue.Create(text);
                }
            }
            disks[n] = DiskRules.Ordered(disk);
        }
        if (spec.Integer("flexible_disk_size") is { } budget)
        {
            vm["free_space"] = budget - disks.OfType<JsonObject>().Where(disk => DiskRules.OwnDataset(disk, spec) is not null).Sum(disk => DiskRules.Mebibytes(disk, "size"));
        }
    }

    // A limit that is not set is written by ZFS as a number that no long holds: it is left out, too.
    private static void Add(JsonObject vm, Property row, string? text)
    {
        if (text is null or "none")
        {
            return;
        }
        if (row.Type != PropertyType.Integer)
        {
            vm[row.Name] = text;
        }
        else if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            vm[row.Name] = row.Name == "quota" ? Gibibytes(number) : number;
        }
    }

    private static bool Same(IReadOnlyDictionary<string, string?> one, IReadOnlyDictionary<string, string?> other) =>
        Names.All(name => one.GetValueOrDefault(name) == other.GetValueOrDefault(name));
}
