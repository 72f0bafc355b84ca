using System.Text.Json.Nodes;
using Lumos.Vm.Info;
using Lumos.Vm.List;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>What list and lookup share.</summary>
internal static class Listing
{
    /// <summary>The VMs that pass all filters, as listings show them.</summary>
    internal static IEnumerable<JsonObject> Matching(VerbContext vmadm, IReadOnlyList<VmFilter> filters, bool snapshots = false) =>
        (snapshots ? new VmReader(vmadm.Machine).AllWithSnapshots() : new VmReader(vmadm.Machine).All())
        .Select(vm => VmFields.ForListing(vm.Object))
        .Where(vm => filters.All(filter => filter.Matches(vm)));
}
