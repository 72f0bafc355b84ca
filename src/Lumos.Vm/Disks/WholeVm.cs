using Lumos.Core;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Disks;

/// <summary>What is done to a VM's dataset is done to all of its disks: only where they lie in it.</summary>
internal static class WholeVm
{
    /// <param name="vm">The VM.</param>
    /// <param name="what">The verb, as in "vmadm WHAT".</param>
    /// <exception cref="LumosException">DiskElsewhere. Media that are only read are nobody's.</exception>
    internal static void Require(VmSpec vm, string what)
    {
        string[] elsewhere = [.. vm.Disks.Where(disk => !DiskRules.IsCdrom(disk) && !IsInside(DiskRules.OwnDataset(disk, vm), vm)).Select(disk => JsonText.Plain(disk["path"]))];
        if (elsewhere.Length > 0)
        {
            throw new LumosException("DiskElsewhere", $"VM {vm.Text("uuid")} has disks that do not lie in {vm.RootDataset} and would be left out of \"vmadm {what}\": {string.Join(", ", elsewhere)}; "
                + "\"vmadm update\" with remove_disks takes one from the VM (and leaves it there, if vmadm did not make it)");
        }
    }

    private static bool IsInside(string? dataset, VmSpec vm) => dataset?.StartsWith(vm.RootDataset + "/", StringComparison.Ordinal) == true;
}
