using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Netlink;

namespace Lumos.Drivers.Links;

// Purpose. VLANs on the bridge of a nic tag. The bridge is made to tell them apart when the first NIC with a VLAN comes: what bore no tag
// goes on as before (inside the bridge as VLAN 1), a port of a zone is a member of its one VLAN and sees no tags, and the cable carries
// that VLAN with its tag, until the last NIC of the VLAN is gone.
//
// On disk. Notes/BRIDGE.VLAN says which cables carry the VLAN because we put it there (one that the administrator has set is not ours
// to take away), and which NICs are in it, so that who comes and goes need not ask the kernel for all ports of all bridges. That is done for the
// first NIC of a VLAN and for the last one. Gone with the machine, as the bridges are.
//
// Ownership. A note is changed, and what it says is done, under one lock: between a look at who is in a VLAN and what is done about
// it nobody comes or goes.
//
// Failure. A note is written before a NIC joins and after the last has left. Whoever is killed leaves names of NICs that are gone, or a cable that
// is still to be given the VLAN: a NIC counts while it is there, and each that joins gives the cables their VLAN again. The last word has the kernel:
// a VLAN in which somebody else is by then stays where it is.

/// <summary>VLANs on the bridges of nic tags.</summary>
public static class BridgeVlans
{
    private const int Untagged = 1;

    private const string Notes = "/run/lumos/network/vlans";

    /// <summary>The end of a sentence about a kernel that cannot.</summary>
    public const string NoFiltering = "the bridges of this kernel have no VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING)";

    /// <summary>The file that says whether a bridge tells VLANs apart; without it, its kernel cannot.</summary>
    public static string FilterSwitch(string bridge) => $"/sys/class/net/{bridge}/bridge/vlan_filtering";

    /// <summary>Makes a port of a bridge a member of one VLAN.</summary>
    /// <exception cref="LumosException">NoVlanFiltering</exception>
    internal static void Join(NetworkStack stack, Link bridge, Link port, int vlan)
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
        using var held = Lock();
        var note = TryRead(VlanNote.Empty(bridge.Name, vlan).FileName) ?? First(stack, bridge, vlan);
        Write(note with { Nics = note.Nics.Add(port.Name) });
        stack.RemovePortVlan(port.Index, Untagged);
        stack.AddPortVlan(port.Index, vlan, PortVlan.Own);
        foreach (var cable in Ports(stack, bridge, note.Cables))
        {
            stack.AddPortVlan(cable.Index, vlan, PortVlan.Tagged);
        }
    }

    /// <summary>Gives a cable that has come to a bridge the VLANs of the NICs that are there already.</summary>
    public static void Bring(NetworkStack stack, string cable, string bridge)
    {
        using var held = Lock();
        foreach (var note in All().Where(note => note.Bridge == bridge))
        {
            Write(note with { Cables = note.Cables.Add(cable) });
            stack.AddPortVlan(stack.GetLink(cable).Index, note.Vlan, PortVlan.Tagged);
        }
    }

    /// <summary>After NICs have gone: takes the VLANs that none is in any more from the cables that we put them on.</summary>
    /// <param name="nics">None: whoever brought them was killed before it could say which; all VLANs are looked at.</param>
    internal static void Leave(NetworkStack stack, IReadOnlyCollection<string> nics)
    {
        if (!Directory.Exists(Notes))
        {
            return;
        }
        using var held = Lock();
        foreach (var note in All().Where(note => nics.Count == 0 || note.Nics.Overlaps(nics)))
        {
            var bridge = stack.FindLink(note.Bridge);
            var rest = note with { Nics = note.Nics.Except(nics) };
            while (rest.Nics.Count > 0 && (bridge is null || stack.FindLink(rest.Nics[0])?.Master != bridge.Index))
            {
                rest = rest with { Nics = rest.Nics.Remove(rest.Nics[0]) };
            }
            if (rest.Nics.Count > 0)
            {
                Write(rest);
                continue;
            }
            if (bridge is not null)
            {
                TakeFromCables(stack, bridge, note);
            }
            File.Delete(Path.Combine(Notes, note.FileName));
        }
    }

    private static void TakeFromCables(NetworkStack stack, Link bridge, VlanNote note)
    {
        Link[] cables = [.. Ports(stack, bridge, note.Cables)];
        var others = stack.Links(bridge.Index).Select(port => port.Index).Append(bridge.Index).Except(cables.Select(c => c.Index)).ToHashSet();
        if (stack.PortVlans().Any(carried => carried.Vlan == note.Vlan && others.Contains(carried.Port)))
        {
            return;
        }
        foreach (var cable in cables)
        {
            try
            {
                stack.RemovePortVlan(cable.Index, note.Vlan);
            }
            catch (ErrnoException e) when (e.Errno == Errno.ENODEV)
            {
                // It has just been taken out of the machine.
            }
        }
    }

    private static VlanNote First(NetworkStack stack, Link bridge, int vlan)
    {
        var carried = stack.PortVlans().Where(c => c.Vlan == vlan).Select(c => c.Port).ToHashSet();
        var cables = stack.Links(bridge.Index).Where(link => link.Kind is not "veth" && !carried.Contains(link.Index));
        var note = VlanNote.Empty(bridge.Name, vlan);
        return note with { Cables = note.Cables.Union(cables.Select(c => c.Name)) };
    }

    private static IEnumerable<Link> Ports(NetworkStack stack, Link bridge, IEnumerable<string> names) =>
        names.Select(stack.FindLink).OfType<Link>().Where(link => link.Master == bridge.Index);

    private static IEnumerable<VlanNote> All() =>
        Directory.Exists(Notes)
            ? Directory.GetFiles(Notes).Where(file => DurableFile.TargetOf(file) is null).Select(file => TryRead(Path.GetFileName(file))).OfType<VlanNote>()
            : [];

    private static VlanNote? TryRead(string name)
    {
        string file = Path.Combine(Notes, name);
        return File.Exists(file) ? VlanNote.Parse(name, File.ReadAllText(file)) : null;
    }

    private static void Write(VlanNote note)
    {
        Directory.CreateDirectory(Notes);
        AtomicFile.Write(Path.Combine(Notes, note.FileName), note.Text);
    }

    private static FileLock Lock() => FileLock.Acquire("vlans.lock");
}
