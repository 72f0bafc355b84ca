using Lumos.Core;
using Lumos.Linux.Netlink;

namespace Lumos.Drivers.Links;

/// <summary>
/// VLANs on the bridge of a nic tag. The bridge is made to tell them apart when the first NIC with a VLAN comes: what bore no tag goes on
/// as before (inside the bridge as VLAN 1), a port of a zone is a member of its one VLAN and sees no tags, and the cable
/// carries that VLAN with its tag. A VLAN that no zone is on any more stays on the cable; nothing answers there.
/// </summary>
public static class BridgeVlans
{
    private const int Untagged = 1;

    /// <summary>The end of a sentence about a kernel that cannot.</summary>
    public const string NoFiltering = "the bridges of this kernel have no VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING)";

    /// <summary>The file that says whether a bridge tells VLANs apart; without it, its kernel cannot.</summary>
    public static string FilterSwitch(string bridge) => $"/sys/class/net/{bridge}/bridge/vlan_filtering";

    /// <summary>Makes a port of a bridge a member of one VLAN.</summary>
    /// <exception cref="LumosException">NoVlanFiltering</exception>
    internal static void Join(NetworkStack stack, Link bridge, int port, int vlan)
    {
        string filter = FilterSwitch(bridge.Name);
        if (!File.Exists(filter))
        {
            throw new LumosException("NoVlanFiltering", $"VLAN {vlan} cannot be set up on {bridge.Name}: {NoFiltering}");
        }
        if (File.ReadAllText(filter).Trim() == "0")
        {
            File.WriteAllText(filter, "1");
        }
        stack.RemovePortVlan(port, Untagged);
        stack.AddPortVlan(port, vlan, PortVlan.Own);
        foreach (var cable in stack.Links().Where(link => link.Master == bridge.Index && link.Kind is not "veth"))
        {
            stack.AddPortVlan(cable.Index, vlan, PortVlan.Tagged);
        }
    }
}
