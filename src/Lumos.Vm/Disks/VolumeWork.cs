using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Disks;

/// <summary>Carries out what <see cref="VolumeSteps"/> says.</summary>
/// <param name="host">The machine.</param>
public sealed class VolumeWork(VmHost host)
{
    /// <param name="step">What to do.</param>
    /// <param name="undo">Gets what takes it back; null: it goes with the dataset that it lies in, or cannot be.</param>
    /// <param name="again">It may have been done before: what is there already is fine.</param>
    public void Do(VolumeStep step, UndoStack? undo, bool again = false)
    {
        switch (step)
        {
            case VolumeStep.Make make when !(again && host.Datasets.Exists(make.Name)):
                host.Datasets.CreateVolume(make.Name, make.Bytes, make.Properties, make.Sparse);
                undo?.Push($"destroy {make.Name}", () => DatasetRemoval.Destroy(host.Datasets, make.Name));
                break;
            case VolumeStep.CloneImage clone when !(again && host.Datasets.Exists(clone.Name)):
                host.Datasets.Clone(clone.Image, clone.Name, clone.Properties);
                undo?.Push($"destroy {clone.Name}", () => DatasetRemoval.Destroy(host.Datasets, clone.Name));
                break;
            case VolumeStep.Resize size:
                SetSize(size.Name, size.Bytes);
                // Nobody has used what it was given: the guest learns of it last.
                undo?.Push($"give {size.Name} the size that it had", () => SetSize(size.Name, size.Before));
                break;
            case VolumeStep.Set set:
                host.Datasets.SetProperties(set.Name, set.Properties);
                undo?.Push($"set what {set.Name} had", () => host.Datasets.SetProperties(set.Name, set.Before));
                break;
            case VolumeStep.Destroy destroy when !again || host.Datasets.Exists(destroy.Name):
                ZoneDatasets.Patiently(() => host.Datasets.Destroy(destroy.Name, recursive: true));
                break;
        }
    }

    /// <summary>Asks of all that is to be destroyed what would stand against it, before the first of it is.</summary>
    /// <exception cref="LumosException">SnapshotHasClones, SnapshotHeld.</exception>
    public void RequireDestructible(VolumeSteps steps)
    {
        foreach (var doomed in steps.Last.OfType<VolumeStep.Destroy>().Where(step => host.Datasets.Exists(step.Name)))
        {
            Deletion.RequireFree(doomed.Name, host.Datasets.List(doomed.Name, DatasetKinds.Snapshot, null, ["clones", "userrefs"]));
        }
    }

    private void SetSize(DatasetName name, long bytes) =>
        host.Datasets.SetProperties(name, new Dictionary<string, string> { ["volsize"] = bytes.ToString(System.Globalization.CultureInfo.InvariantCulture) });
}
