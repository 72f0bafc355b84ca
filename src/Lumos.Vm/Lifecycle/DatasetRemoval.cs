using Lumos.Drivers.Datasets;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Lifecycle;

/// <summary>Destroys the dataset of a VM that is no more.</summary>
public static class DatasetRemoval
{
    /// <inheritdoc cref="ZoneDatasets.Destroy(IDatasets, DatasetName, string)"/>
    public static void DestroyZone(IDatasets datasets, DatasetName name, string zonePath) => ZoneDatasets.Destroy(datasets, name, zonePath);

    /// <inheritdoc cref="ZoneDatasets.Destroy(IDatasets, DatasetName)"/>
    public static void Destroy(IDatasets datasets, DatasetName name) => ZoneDatasets.Destroy(datasets, name);
}
