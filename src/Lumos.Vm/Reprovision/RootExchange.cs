using Lumos.Drivers.Datasets;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Reprovision;

/// <summary>
/// The renames by which two roots change places. Each can be done again, wherever it was cut short. The old root keeps its
/// mountpoint, which is the new one's as well: with canmount=noauto, so that a machine that starts in between mounts neither.
/// </summary>
/// <param name="datasets">Of the machine.</param>
/// <param name="zonePath">Where the VM's dataset is mounted.</param>
internal sealed class RootExchange(IDatasets datasets, string zonePath)
{
    public void SetAside(DatasetName root, DatasetName old)
    {
        ZoneDatasets.Patiently(() => datasets.Unmount(root));
        Set(root, "canmount", "noauto");
        ZoneDatasets.Patiently(() => datasets.Rename(root, old));
    }

    public void PutInPlace(DatasetName fresh, DatasetName root, bool renames)
    {
        if (renames)
        {
            string path = datasets.GetProperties(fresh, "mountpoint")["mountpoint"] ?? "";
            ZoneDatasets.Patiently(() => datasets.Unmount(fresh));
            if (path != zonePath && Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
            {
                Directory.Delete(path);
            }
            ZoneDatasets.Patiently(() => datasets.Rename(fresh, root));
        }
        var now = datasets.GetProperties(root, "mountpoint", "canmount");
        if (now["mountpoint"] != zonePath)
        {
            Set(root, "mountpoint", zonePath);
        }
        if (now["canmount"] != "on")
        {
            Set(root, "canmount", "on");
        }
        datasets.Mount(root);
    }

    public void Move(DatasetName from, DatasetName to)
    {
        ZoneDatasets.Patiently(() => datasets.Unmount(from));
        ZoneDatasets.Patiently(() => datasets.Rename(from, to));
        foreach (var entry in datasets.List(to, DatasetKinds.FileSystem, null, ["mountpoint", "canmount", "zoned"]))
        {
            // What belongs to the zone, the zone mounts.
            if (entry["canmount"] == "on" && entry["zoned"] != "on" && entry["mountpoint"]?.StartsWith('/') == true)
            {
                datasets.Mount(entry.Dataset);
            }
        }
    }

    private void Set(DatasetName dataset, string property, string value) =>
        datasets.SetProperties(dataset, new Dictionary<string, string> { [property] = value });
}
