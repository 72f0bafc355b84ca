using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Payload;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Snapshots;

/// <summary>
/// What <c>get</c> shows of a VM's snapshots. They are asked of the storage when somebody wants to see them and kept nowhere: a
/// machine may have a hundred times as many snapshots as VMs, most looks at VMs do not want them, and one that was made or
/// destroyed behind our back is then right, too.
/// </summary>
public static class SnapshotFacts
{
    private static readonly string[] Properties = ["creation", "written"];

    /// <summary>A VM's, oldest first: name, created_at, and size: what was written since the one before.</summary>
    /// <param name="datasets">Where to look.</param>
    /// <param name="rootDataset">Of the VM; one that is not there has no snapshots.</param>
    public static JsonArray Of(IDatasets datasets, string rootDataset)
    {
        try
        {
            return ToJson(datasets.List(DatasetName.Parse(rootDataset), DatasetKinds.Snapshot, 1, Properties));
        }
        catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
        {
            return [];
        }
    }

    /// <summary>Those of all VMs in one look, by root dataset.</summary>
    public static IReadOnlyDictionary<string, JsonArray> OfAll(IDatasets datasets) =>
        datasets.List(null, DatasetKinds.Snapshot, 2, Properties)
            .GroupBy(e => e.Dataset.Value, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, ToJson, StringComparer.Ordinal);

    /// <summary>A VM with its snapshots, in the order that get has.</summary>
    public static JsonObject With(JsonObject vm, JsonArray snapshots)
    {
        vm = (JsonObject)vm.DeepClone();
        vm["snapshots"] = snapshots;
        return Normaliser.Ordered(vm);
    }

    private static JsonArray ToJson(IEnumerable<DatasetEntry> entries)
    {
        var array = new JsonArray();
        foreach (var entry in entries)
        {
            if (SnapshotLabel.TryOf(entry.Snapshot!, out var label))
            {
                array.Add((JsonNode)new JsonObject
                {
                    ["name"] = label.Text,
                    ["created_at"] = Normaliser.Timestamp(DateTimeOffset.FromUnixTimeSeconds(entry.Number("creation") ?? 0)),
                    ["size"] = entry.Number("written") ?? 0,
                });
            }
        }
        return array;
    }
}
