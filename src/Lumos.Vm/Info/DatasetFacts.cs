using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Info;

/// <summary>What the root dataset of a VM says: the properties that the table keeps there. Empty for a VM without one.</summary>
public sealed record DatasetFacts(IReadOnlyDictionary<string, string?> Values)
{
    public static DatasetFacts None { get; } = new(new Dictionary<string, string?>());

    /// <summary>The properties to ask for.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. PropertyTable.Rows.Select(r => r.Store).OfType<PropertyStore.Zfs>().Select(z => z.Name).Distinct()];

    public static DatasetFacts Of(DatasetEntry entry) => new(entry.Properties);

    /// <summary>The same properties with the same values.</summary>
    public bool SameAs(DatasetFacts other) => Names.All(name => Values.GetValueOrDefault(name) == other.Values.GetValueOrDefault(name));

    /// <summary>GiB of a quota in bytes; half a GiB and more count as one.</summary>
    public static long Gibibytes(long bytes) => (bytes + (1L << 29)) >> 30;

    public void AddTo(JsonObject vm, VmSpec spec)
    {
        if (Values.Count == 0)
        {
            return;
        }
        vm["zfs_filesystem"] = spec.RootDataset;
        foreach (var row in PropertyTable.Rows)
        {
            if (row.Store is not PropertyStore.Zfs(var name))
            {
                continue;
            }
            string? text = Values.GetValueOrDefault(name);
            if (name == "quota" && text is null or "none")
            {
                text = "0";
            }
            if (text is null or "none")
            {
                continue;
            }
            if (row.Type != PropertyType.Integer)
            {
                vm[row.Name] = text;
            }
            else if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                vm[row.Name] = name == "quota" ? Gibibytes(number) : number;
            }
        }
    }
}
