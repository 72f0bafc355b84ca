using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Disks;
using Lumos.Zones;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Reprovision;

// What is a hardware VM's own of a reprovision; VmReprovision.cs has the whole picture.
public sealed partial class VmReprovision
{
    private ReprovisionPlan RestOfMachine(VmSpec vm, ReprovisionWish wish, bool oldIsAside, bool newIsAside)
    {
        var disk = BootDisk.Of(vm);
        // While the old one is there under its name its snapshots go with it, and are none of those that are left.
        var snapshots = new ReprovisionCheck(host).SnapshotsBut(DatasetName.Parse(vm.RootDataset), disk.Dataset);
        return ReprovisionPlan.RestOfMachine(vm, wish, disk, new ReprovisionFacts(oldIsAside, newIsAside, [], [.. snapshots]));
    }

    private void DoToDisk(ReprovisionStep step, VmSpec vm, UndoStack undo)
    {
        switch (step)
        {
            case ReprovisionStep.MakeDisk make:
                new VolumeWork(host).Do(make.Volume, undo);
                break;
            case ReprovisionStep.RenameDisk rename:
                ZoneDatasets.Patiently(() => host.Datasets.Rename(rename.From, rename.To));
                break;
            case ReprovisionStep.SaveDisk save:
                var before = host.Zones.Load(ZoneName.Parse(vm.ZoneName));
                var spec = BootDisk.Replaced(new VmSpec(ZoneConfigMapping.FromConfig(before, vm.Text("uuid")!)), save.Image, save.ImageSize);
                var config = ZoneConfigMapping.ToConfig(spec, before).WithAttr(ZoneConfigMapping.Failed, null);
                host.Zones.Save(save.Boots ? VmCreator.AwaitingFirstBoot(config with { Autoboot = true }, VmCreator.DefaultTimeout) : config);
                break;
        }
    }
}
