using System.Text.Json.Nodes;
using Lumos.Vm.Info;
using Lumos.Vm.List;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>What list and lookup share.</summary>
internal static class Listing
{
    /// <summary>The VMs that pass all filters.</summary>
    /// <param name="sources">Top-level names: all that is wanted of each; null: everything.</param>
    /// <param name="snapshots">Their snapshots too, which costs a look at the storage.</param>
    internal static IEnumerable<JsonObject> Matching(VerbContext vmadm, IReadOnlyList<VmFilter> filters, IEnumerable<string>? sources, bool snapshots = false)
    {
        var reader = new VmReader(vmadm.Machine);
        return (snapshots ? reader.SelectWithSnapshots(filters) : reader.Select(filters, sources)).Select(vm => vm.Object);
    }
}
