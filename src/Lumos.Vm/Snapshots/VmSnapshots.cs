using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Lumos.Zones.Administration;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Snapshots;

// Purpose. Snapshots of VMs: taken, destroyed, gone back to (VmRollback.cs).
//
// What one holds. The dataset POOL/UUID and all that lies below it, delegated data too, at one instant, as POOL/UUID@vmsnap-NAME and
// so on; the zone's configuration as config/zone.xml in it (KeptConfiguration.cs), metadata, tags and routes beside that.
//
// On disk. Nothing but the snapshots themselves: what get shows is asked of the storage (SnapshotFacts.cs).
//
// A guest with an agent holds its file systems still meanwhile (StillGuest.cs); without one, a snapshot of its disks is what a power cut would leave.
//
// Failure. Taking one is a single step of the storage, so a crash leaves it or does not; the copy of the configuration that is written
// before it says nothing without a snapshot. Destroying one goes by its top last, so that it can be asked for again. A rollback has
// several steps; what is under way is written down first, and whoever next takes the VM's lock finishes it (UnfinishedWork.cs).
//
// Tests. Here on datasets in memory with real files; on btrfs and ZFS by the contract of datasets; in zones on the live image.

/// <summary>create-snapshot and delete-snapshot. Each holds the VM's lock from its first look to its last change.</summary>
public sealed class VmSnapshots(VmHost host)
{
    public Outcome Create(string uuid, string name)
    {
        var label = SnapshotLabel.Parse(name);
        using (host.Lock(uuid))
        {
            var vm = Snapshottable(uuid, "take a snapshot of");
            var config = host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName));
            var snapshot = label.Of(DatasetName.Parse(vm.Spec.RootDataset));
            RequireMounted(vm.Spec);
            try
            {
                KeptConfiguration.Keep(config);
                using (StillGuest.TryFreeze(host, vm.Spec, vm.Status))
                {
                    host.Trace("take the snapshot");
                    host.Datasets.Snapshot(snapshot, recursive: true);
                }
            }
            catch (DatasetException e) when (e.Code == DatasetException.ExistsCode)
            {
                throw new LumosException("SnapshotExists", $"VM {uuid} has a snapshot {name} already");
            }
            catch (Exception e) when (e is DatasetException or IOException)
            {
                throw new LumosException("SnapshotFailed", $"Failed to create snapshot {name} of VM {uuid}", inner: e);
            }
            // A snapshot is a change of the VM: its last_modified says so.
            host.Zones.Save(config);
            if (!vm.Spec.IsMachine) // an emulator has no use for them
            {
                host.Checkpoints.Bring(config.Name, snapshot.Dataset);
            }
        }
        host.Publish(uuid, new SnapshotChange(label, IsNew: true));
        return new Outcome($"Created snapshot {name} for VM {uuid}");
    }

    public Outcome Delete(string uuid, string name)
    {
        var label = SnapshotLabel.Parse(name);
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            var snapshot = label.Of(DatasetName.Parse(vm.Spec.RootDataset));
            Require(vm, snapshot, name);
            var zone = ZoneName.Parse(vm.Spec.ZoneName);
            try
            {
                if (!vm.Spec.IsMachine)
                {
                    host.Checkpoints.Hide(zone, label);
                }
                ZoneDatasets.Patiently(() => host.Datasets.DestroySnapshot(snapshot, recursive: true));
            }
            catch (Exception e) when (e is DatasetException or IOException)
            {
                string hint = vm.Status.State.CanEnter && (e as DatasetException)?.Code == DatasetException.FailedCode
                    ? $", perhaps because a process in it still has files of /checkpoints/{name} open" : "";
                throw new LumosException("SnapshotFailed", $"Failed to delete snapshot {name} of VM {uuid}{hint}", inner: e);
            }
            finally
            {
                if (!vm.Spec.IsMachine)
                {
                    host.Checkpoints.Bring(zone, snapshot.Dataset);
                }
            }
        }
        host.Publish(uuid, new SnapshotChange(label, IsNew: false));
        return new Outcome($"Deleted snapshot {name} for VM {uuid}");
    }

    /// <summary>A VM that is whole, and whose first boot is over: half of one is nothing to come back to.</summary>
    private VmInfo Snapshottable(string uuid, string doing)
    {
        var vm = host.Load(uuid);
        Disks.WholeVm.Require(vm.Spec, "create-snapshot");
        return vm.State is VmState.Configured or VmState.Incomplete or VmState.Provisioning or VmState.Failed or VmState.Receiving
            ? throw new LumosException("WrongState", $"cannot {doing} VM {uuid}: it is {vm.State}")
            : vm;
    }

    private void Require(VmInfo vm, SnapshotName snapshot, string name)
    {
        if (!host.Datasets.Exists(snapshot))
        {
            throw new LumosException("SnapshotNotFound", $"VM {vm.Uuid} has no snapshot {name}");
        }
    }

    private void RequireMounted(VmSpec vm)
    {
        if (!Directory.Exists(ConfigFiles.Folder(vm.ZonePath)))
        {
            host.Datasets.Mount(DatasetName.Parse(vm.RootDataset));
        }
    }
}
