using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
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
    /// <summary>What a hardware VM's quota is set as.</summary>
    private const string MachineQuota = "refquota";

    private const string DataSuffix = "/data";

    public static DatasetFacts None { get; } = new(new Dictionary<string, string?>());

    /// <summary>The properties to ask for.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. PropertyTable.Rows
        .Select(r => r.Store is PropertyStore.Zfs(var name) ? name : r.Store is PropertyStore.DataZfs(var data) ? data : null).OfType<string>().Append(MachineQuota).Distinct()];

    /// <summary>Of each dataset right below a pool, by its name.</summary>
    /// <param name="entries">A listing of two levels below the pools, with <see cref="Names"/>.</param>
    public static Dictionary<string, DatasetFacts> ByName(IReadOnlyList<DatasetEntry> entries)
    {
        var data = entries.Where(e => e.Name.Count(c => c == '/') == 2 && e.Name.EndsWith(DataSuffix, StringComparison.Ordinal))
            .ToDictionary(e => e.Name[..^DataSuffix.Length], e => e.Properties, StringComparer.Ordinal);
        return entries.Where(e => e.Name.Count(c => c == '/') < 2)
            .ToDictionary(e => e.Name, e => new DatasetFacts(e.Properties, data.GetValueOrDefault(e.Name)), StringComparer.Ordinal);
    }

    /// <summary>The same properties with the same values.</summary>
    public bool SameAs(DatasetFacts other) => Same(Values, other.Values) && (Data, other.Data) switch
    {
        (null, null) => true,
        ({ } mine, { } theirs) => Same(mine, theirs),
        _ => false,
    };

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
