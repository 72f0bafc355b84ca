using Lumos.Drivers.Datasets;
using Lumos.Vm.Payload;
using Lumos.Zones.Config;

namespace Lumos.Vm.Disks;

/// <summary>The volumes of a VM that do not lie in its dataset, since they are in another pool.</summary>
internal static class DisksElsewhere
{
    internal static IEnumerable<DatasetName> Of(ZoneConfig config) => config.Brand.IsHvm ? Of(new VmSpec(ZoneConfigMapping.FromConfig(config, config.Name.Text))) : [];

    internal static IEnumerable<DatasetName> Of(VmSpec vm)
    {
        var root = DatasetName.Parse(vm.RootDataset);
        return vm.Disks.Select(disk => DiskRules.OwnDataset(disk, vm)).OfType<string>().Select(DatasetName.Parse).Where(name => !name.IsWithin(root));
    }
}
