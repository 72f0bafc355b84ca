using System.Text.RegularExpressions;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Lifecycle;

/// <summary>Destroys the dataset of a VM that is no more.</summary>
public static class DatasetRemoval
{
    /// <summary>With what bears its name in other pools: disks of a hardware VM.</summary>
    /// <inheritdoc cref="ZoneDatasets.Destroy(IDatasets, DatasetName, string)"/>
    public static void DestroyZone(IDatasets datasets, DatasetName name, string zonePath)
    {
        foreach (var disk in datasets.List(null, DatasetKinds.Volume, depth: 1).Select(entry => entry.Dataset)
            .Where(disk => disk.Parent?.Parent is null && Regex.IsMatch(disk.Leaf, $"^{Regex.Escape(name.Leaf)}-disk[0-9]+$")).ToList())
        {
            Destroy(datasets, disk);
        }
        ZoneDatasets.Destroy(datasets, name, zonePath);
    }

    /// <inheritdoc cref="ZoneDatasets.Destroy(IDatasets, DatasetName)"/>
    public static void Destroy(IDatasets datasets, DatasetName name) => ZoneDatasets.Destroy(datasets, name);
}
