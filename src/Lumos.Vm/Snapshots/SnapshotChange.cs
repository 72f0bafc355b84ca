using System.Text.Json.Nodes;
using Lumos.Vm.Info;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Snapshots;

/// <summary>A snapshot of a VM that was made, or destroyed.</summary>
public sealed record SnapshotChange(SnapshotLabel Label, bool IsNew)
{
    /// <summary>What it is for those who listen to events: an element of the VM's array snapshots.</summary>
    /// <param name="name">Of the snapshot.</param>
    /// <param name="there">The VM's snapshots as get shows them, where a new one is looked up.</param>
    public static VmChange ToVmChange(string name, bool isNew, JsonArray there)
    {
        var shown = there.OfType<JsonObject>().FirstOrDefault(s => JsonText.Plain(s["name"]) == name)?.DeepClone() ?? new JsonObject { ["name"] = name };
        return isNew
            ? new VmChange(["snapshots", null], "added", null, shown, null)
            : new VmChange(["snapshots", null], "removed", shown, null, null);
    }
}
