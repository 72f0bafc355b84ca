using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Delegation;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Lumos.Zones.Administration;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Config;

namespace Lumos.Vm.Snapshots;

/// <summary>
/// rollback-snapshot: the zone is halted, its datasets go back, later snapshots and datasets are destroyed, the configuration goes
/// back (who the VM is stays), the zone is started. What can be refused is refused before the zone is halted; what fails up
/// to the first dataset's return is undone; from there on it is finished by whoever takes the lock next.
/// </summary>
public sealed class VmRollback(VmHost host)
{
    /// <param name="uuid">Of the VM.</param>
    /// <param name="name">Of the snapshot.</param>
    /// <param name="keepState">A stopped VM stays stopped and autoboot is as it was; without this it is started, as in SmartOS.</param>
    /// <param name="keepConfiguration">Only what is in the datasets goes back.</param>
    public Outcome Run(string uuid, string name, bool keepState, bool keepConfiguration)
    {
        var label = SnapshotLabel.Parse(name);
        SnapshotChange[] lost;
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            Disks.WholeVm.Require(vm.Spec, "rollback-snapshot");
            if (vm.State is VmState.Configured or VmState.Incomplete or VmState.Provisioning or VmState.Failed or VmState.Receiving)
            {
                throw new LumosException("WrongState", $"cannot roll back VM {uuid}: it is {vm.State}");
            }
            Migrate.MigrationMark.RequireHere(host.Zones.TryLoad(ZoneName.Parse(vm.Spec.ZoneName)), uuid);
            bool runs = vm.Status.State.CanHalt;
            var root = DatasetName.Parse(vm.Spec.RootDataset);
            if (!host.Datasets.Exists(label.Of(root)))
            {
                throw new LumosException("SnapshotNotFound", $"VM {uuid} has no snapshot {name}");
            }
            var then = keepConfiguration ? null : KeptConfiguration.Of(host.Datasets, label.Of(root));
            RequireSameDisks(vm.Spec, then, label);
            if (then is not null)
            {
                Check(vm, then, label.Of(root));
            }
            var wish = new RollbackWish(label, Boots: !keepState || runs, KeepsConfiguration: then is null);
            var plan = Plan(root, wish);
            lost = [.. plan.Lost.Select(gone => new SnapshotChange(gone, IsNew: false))];
            foreach (var left in plan.LeftAsTheyAre)
            {
                host.Say($"{left} has no snapshot {name} any more and stays as it is");
            }
            try
            {
                CarryOut(plan, vm.Spec, runs);
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                host.Publish(uuid);
                throw new LumosException("RollbackFailed", $"Failed to roll back VM {uuid} to snapshot {name}"
                    + (host.Unfinished.Exists(uuid) ? "; it is begun, and is finished as soon as that is possible" : ""), inner: e);
            }
        }
        host.Publish(uuid, lost);
        return new Outcome($"Rolled back snapshot {name} for VM {uuid}");
    }

    /// <summary>Goes on with a rollback that was cut short. The caller holds the lock.</summary>
    internal void Finish(string uuid, UnfinishedWork work)
    {
        var vm = host.Load(uuid);
        var wish = RollbackWish.Of(work);
        host.Say($"finishing the rollback of VM {uuid} to snapshot {wish.Label}, which was cut short");
        CarryOut(Plan(DatasetName.Parse(vm.Spec.RootDataset), wish), vm.Spec, ran: false, again: true);
    }

    private RollbackPlan Plan(DatasetName root, RollbackWish wish)
    {
        var snapshots = host.Datasets.List(root, DatasetKinds.Snapshot, null, ["createtxg", "clones"]);
        foreach (var group in snapshots.GroupBy(s => s.Dataset))
        {
            // Listed oldest first: what stands behind the one wanted goes.
            var clones = group.SkipWhile(s => s.Snapshot != wish.Label.Of(group.Key)).Skip(1).FirstOrDefault(s => s["clones"] is not null);
            if (clones is not null)
            {
                throw new LumosException("SnapshotHasClones", $"{clones.Snapshot}, which is later than snapshot {wish.Label} and would be destroyed, "
                    + $"has clones: {clones["clones"]}");
            }
        }
        return RollbackPlan.For(wish, host.Datasets.List(root, DatasetKinds.Live, null, ["createtxg"]), snapshots);
    }

    // A disk that was removed has taken its snapshots with it; one that came later goes, and the configuration as it is has it.
    private void RequireSameDisks(VmSpec vm, ZoneConfig? then, SnapshotLabel label)
    {
        if (!vm.IsMachine)
        {
            return;
        }
        var wanted = then is null ? vm : new VmSpec(ZoneConfigMapping.FromConfig(then with { ZonePath = vm.ZonePath, Name = ZoneName.Parse(vm.ZoneName) }, vm.Text("uuid")!));
        string[] missing = [.. wanted.Disks.Select(disk => DiskRules.OwnDataset(disk, wanted)).OfType<string>().Where(disk => !host.Datasets.Exists(label.Of(DatasetName.Parse(disk))))];
        if (missing.Length > 0)
        {
            throw new LumosException("ConfigurationConflict", then is null
                ? $"{string.Join(", ", missing)} came after snapshot {label} and would be destroyed, while the configuration as it is has it: leave out --keep-config"
                : $"{string.Join(", ", missing)} was removed since snapshot {label}, with all that was on it, and cannot come back: --keep-config goes back with the disks that there are");
        }
    }

    /// <summary>What the machine has given to another meanwhile (an address, a nic tag) cannot come back.</summary>
    private void Check(VmInfo vm, ZoneConfig then, SnapshotName snapshot)
    {
        var now = host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName));
        VmSpec? after = null;
        host.Datasets.LookInto(snapshot, folder => after = VmLoader.Spec(KeptConfiguration.Restored(now, then), vm.Uuid, folder));
        var report = new PayloadReport();
        SpecValidator.Run(after!, vm.Spec, new HostObserver(host).Observe(vm.Spec.Zpool, image: null), report);
        try
        {
            report.ThrowIfFaulty();
        }
        catch (LumosException e)
        {
            throw new LumosException("ConfigurationConflict", $"cannot go back to the configuration in snapshot {snapshot.Name} "
                + "(--keep-config goes back to the data alone)", inner: e);
        }
    }

    private void CarryOut(RollbackPlan plan, VmSpec vm, bool ran, bool again = false)
    {
        string uuid = vm.Text("uuid")!;
        var name = ZoneName.Parse(vm.ZoneName);
        // A snapshot from before the VM came here: the files of the zone's own datasets are of the ids that it had there.
        bool othersIds = vm.List("datasets").Any() && plan.Steps.OfType<RollbackStep.Return>().FirstOrDefault() is { } first
            && KeptConfiguration.Of(host.Datasets, first.Snapshot)?.ZoneDid is { } did && did != host.Zones.Load(name).ZoneDid;
        using var undo = new UndoStack(host.Say);
        foreach (var step in plan.Steps)
        {
            host.Trace(step.Does);
            switch (step)
            {
                case RollbackStep.Note note:
                    host.Unfinished.Write(uuid, note.Wish.ToNote());
                    if (!again)
                    {
                        undo.Push(step.Undo!, () => host.Unfinished.Remove(uuid));
                    }
                    break;
                case RollbackStep.Halt:
                    host.Runtime.Halt(name);
                    if (ran)
                    {
                        undo.Push(step.Undo!, () => new Booter(host).Boot(vm.ZoneName));
                    }
                    break;
                case RollbackStep.Return to:
                    ZoneDatasets.Patiently(() => host.Datasets.Rollback(to.Snapshot, destroyLater: true));
                    undo.Commit(); // what is gone does not come back
                    if (othersIds && vm.List("datasets").Contains(to.Snapshot.Dataset.Value))
                    {
                        host.Datasets.Inherit(to.Snapshot.Dataset, ZfsDelegation.IdsProperty);
                    }
                    break;
                case RollbackStep.Destroy made:
                    DatasetRemoval.Destroy(host.Datasets, made.Dataset);
                    break;
                case RollbackStep.RestoreConfiguration restore:
                    Restore(vm, name, restore.Starts);
                    break;
                case RollbackStep.SetAutoboot:
                    host.Zones.Save(host.Zones.Load(name) with { Autoboot = true });
                    break;
                case RollbackStep.Boot:
                    // Cut short from here on, it is not rolled back once more, only booted.
                    new Recovery(host).BootNoted(uuid, vm.ZoneName);
                    break;
                case RollbackStep.Forget:
                    host.Unfinished.Remove(uuid);
                    break;
                default:
                    throw new InvalidOperationException($"no such step: {step.GetType().Name}");
            }
        }
        undo.Commit();
    }

    private void Restore(VmSpec vm, ZoneName name, bool starts)
    {
        host.Datasets.Mount(DatasetName.Parse(vm.RootDataset));
        Receive.VmInstaller.Clean(host, vm.ZonePath); // the snapshot may have been received
        var now = host.Zones.Load(name);
        if (KeptConfiguration.In(vm.ZonePath) is { } then)
        {
            now = KeptConfiguration.Restored(now, then);
        }
        host.Zones.Save(starts ? now with { Autoboot = true } : now);
    }
}
