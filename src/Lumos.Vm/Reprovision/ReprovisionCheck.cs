using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Lumos.Zones.Administration;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Reprovision;

/// <summary>What has to hold before a VM is reprovisioned, and what comes of it then. Changes nothing but an unmounted dataset, which it mounts; the caller holds the VM's lock.</summary>
internal sealed class ReprovisionCheck(VmHost host)
{
    /// <exception cref="LumosException">WrongState, Indestructible, SnapshotHasClones and others; faults of the payload are in the report.</exception>
    public ReprovisionPlan Plan(VmInfo vm, JsonObject payload, bool ran, bool boots, PayloadReport report)
    {
        string uuid = vm.Uuid;
        if (vm.State is VmState.Configured or VmState.Incomplete or VmState.Provisioning or VmState.Receiving)
        {
            throw new LumosException("WrongState", $"it is {vm.State}");
        }
        var config = host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName));
        Migrate.MigrationMark.RequireHere(config, uuid);
        ZoneProtection.RequireDestructibleRoot(config, uuid, "reprovision");
        var root = DatasetName.Parse(vm.Spec.RootDataset);
        if (!Directory.Exists(ConfigFiles.Folder(vm.Spec.ZonePath)))
        {
            host.Datasets.Mount(root);
        }
        string image = ReprovisionPayload.ImageOf(payload, report);
        var facts = new HostObserver(host).Observe(vm.Spec.Zpool, image);
        SpecValidator.CheckImage(vm.Spec.With("image_uuid", image), facts, report);
        report.ThrowIfFaulty();
        if (boots)
        {
            new Booter(host).CheckNicTags(vm.Spec, "start");
        }
        var wish = new ReprovisionWish(image, ran, boots, ReprovisionPhase.Preparing);
        if (vm.Spec.IsMachine)
        {
            var disk = BootDisk.Of(vm.Spec);
            disk.Check(vm.Spec, facts.Image!, report);
            report.ThrowIfFaulty();
            CheckSnapshots(root, disk.Dataset, report);
            return ReprovisionPlan.ForMachine(vm.Spec, wish with { ImageSize = facts.Image!.ImageSize ?? 0 }, disk,
                disk.Successor(facts.Image, ReprovisionPlaces.Of(vm.Spec).New, facts.VolumesAreFiles), SnapshotsBut(root, disk.Dataset));
        }
        CheckSnapshots(root, root, report);
        return ReprovisionPlan.For(vm.Spec, wish, SnapshotName.Parse(facts.Image!.Snapshot), Below(root), SnapshotsBelow(root));
    }

    /// <summary>What goes with the old root, or the old disk that boots, and what keeps it from going.</summary>
    private void CheckSnapshots(DatasetName root, DatasetName goes, PayloadReport report)
    {
        var doomed = host.Datasets.List(root, DatasetKinds.Snapshot, null, ["clones", "userrefs"])
            .Where(s => s.Dataset == goes || SnapshotLabel.TryOf(s.Snapshot!, out _)).ToList();
        if (doomed.Find(s => s["clones"] is not null) is { } kept)
        {
            throw new LumosException("SnapshotHasClones", $"{kept.Snapshot}, which would be destroyed with the old root, has clones: {kept["clones"]}; "
                + "destroy or promote them first");
        }
        if (doomed.Find(s => s.Number("userrefs") > 0) is { } held)
        {
            throw new LumosException("SnapshotHeld", $"{held.Snapshot}, which would be destroyed with the old root, is held: \"zfs holds {held.Snapshot}\" "
                + "tells by which tags, \"zfs release\" lets go");
        }
        if (doomed.Where(s => s.Dataset == goes).ToList() is { Count: > 0 } lost)
        {
            report.AddLoss("snapshots", "the snapshots of the old root are destroyed with it: " + string.Join(", ", lost.Select(
                s => SnapshotLabel.TryOf(s.Snapshot!, out var label) ? label.Text : s.Snapshot!.ToString())));
        }
    }

    /// <summary>What lies right below a dataset; one that is not there has nothing.</summary>
    public IEnumerable<DatasetName> Below(DatasetName root) =>
        host.Datasets.Exists(root) ? host.Datasets.List(root, DatasetKinds.Live, 1).Select(e => e.Dataset).Where(d => d != root) : [];

    /// <summary>The VM's own snapshots, but those of one of its datasets.</summary>
    public IEnumerable<SnapshotName> SnapshotsBut(DatasetName root, DatasetName goes) =>
        host.Datasets.List(root, DatasetKinds.Snapshot).Where(s => s.Dataset != goes && SnapshotLabel.TryOf(s.Snapshot!, out _)).Select(s => s.Snapshot!);

    /// <summary>The VM's own snapshots on what lies below, at any depth.</summary>
    public IEnumerable<SnapshotName> SnapshotsBelow(DatasetName root) => host.Datasets.Exists(root)
        ? host.Datasets.List(root, DatasetKinds.Snapshot).Where(s => s.Dataset != root && SnapshotLabel.TryOf(s.Snapshot!, out _)).Select(s => s.Snapshot!)
        : [];
}
