using System.Globalization;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Netlink;

namespace Lumos.Drivers.Links;

/// <summary>
/// Veth pairs over netlink. The other end is born in the namespace it is for, so no link with a tenant's name is ever seen
/// here; it is set up through a socket that was opened in there, so no thread of ours serves both sides. Taps are the same for
/// virtual machines, whose other end is no link but a descriptor.
/// </summary>
public sealed class VethLinks : INamespaceLinks
{
    public void Attach(IReadOnlyList<VethPlan> pairs, IReadOnlyList<RoutePlan> routes, int pid)
    {
        using var netNamespace = Namespace.Open(pid, NamespaceKinds.Net);
        using var here = NetworkStack.Open();
        using var inside = NetworkStack.OpenIn(netNamespace);
        inside.SetUp(inside.GetLink("lo").Index);
        // What is made is taken back when the rest fails: the kernel would do it with the namespace, a moment too late for who tries again.
        using var undo = new UndoStack();
        string[] inVlans = [.. pairs.Where(pair => pair.Vlan != 0).Select(pair => pair.HostName)];
        if (inVlans.Length > 0)
        {
            undo.Push("VLANs", () => BridgeVlans.Leave(here, inVlans));
        }
        foreach (var pair in pairs)
        {
            var bridge = Bridge(here, pair.Bridge);
            var own = here.CreateVeth(
                pair.HostName, new VethPeer(pair.PeerName, pair.PeerMac, netNamespace), mtu: (uint)pair.Mtu);
            undo.Push(pair.HostName, () => Delete(here, own.Index));
            here.SetMaster(own.Index, bridge.Index);
            if (pair.Vlan != 0)
            {
                BridgeVlans.Join(here, bridge, own, pair.Vlan);
            }
            var peer = inside.GetLink(pair.PeerName);
            inside.SetMtu(peer.Index, (uint)pair.Mtu);
            Namespace.RunInNet(netNamespace, () => SetAutoconf(pair));
            foreach (var address in pair.Addresses)
            {
                inside.AddAddress(peer.Index, address);
            }
            here.SetUp(own.Index);
            inside.SetUp(peer.Index);
        }
        foreach (var route in routes)
        {
            inside.AddRoute(Of(route, inside));
        }
        undo.Commit();
    }

    public IReadOnlyList<FileDescriptor> OpenTaps(IReadOnlyList<TapPlan> taps)
    {
        using var here = NetworkStack.Open();
        using var undo = new UndoStack();
        string[] inVlans = [.. taps.Where(tap => tap.Vlan != 0).Select(tap => tap.HostName)];
        if (inVlans.Length > 0)
        {
            undo.Push("VLANs", () => BridgeVlans.Leave(here, inVlans));
        }
        var opened = new List<FileDescriptor>();
        foreach (var tap in taps)
        {
            var bridge = Bridge(here, tap.Bridge);
            var end = TapDevice.Open(tap.HostName);
            undo.Push(tap.HostName, end.Dispose);
            opened.Add(end);
            var link = here.GetLink(tap.HostName);
            here.SetMtu(link.Index, (uint)tap.Mtu);
            here.SetMaster(link.Index, bridge.Index);
            if (tap.Vlan != 0)
            {
                BridgeVlans.Join(here, bridge, link, tap.Vlan);
            }
            // The machine itself has no business on this link: without an address of its own it says nothing on it.
            string switchedOff = $"/proc/sys/net/ipv6/conf/{tap.HostName}/disable_ipv6";
            if (File.Exists(switchedOff))
            {
                File.WriteAllText(switchedOff, "1");
            }
            here.SetUp(link.Index);
        }
        undo.Commit();
        return opened;
    }

    private static Link Bridge(NetworkStack here, string name) => here.FindLink(name)
        ?? throw new LumosException("NicTagNotFound", $"there is no nic tag {name} on this machine");

    public void ChangeRoutes(IReadOnlyList<RoutePlan> remove, IReadOnlyList<RoutePlan> add, int pid)
    {
        using var netNamespace = Namespace.Open(pid, NamespaceKinds.Net);
        using var inside = NetworkStack.OpenIn(netNamespace);
        foreach (var route in remove)
        {
            try
            {
                inside.DeleteRoute(Of(route, inside));
            }
            catch (ErrnoException e) when (e.Errno is Errno.ESRCH or Errno.ENODEV)
            {
                // The zone has taken it away itself, or the link.
            }
        }
        foreach (var route in add)
        {
            inside.ReplaceRoute(Of(route, inside));
        }
    }

    public void Remove(IReadOnlyList<string> names)
    {
        using var here = NetworkStack.Open();
        foreach (string name in names)
        {
            if (here.FindLink(name) is { } link)
            {
                Delete(here, link.Index);
            }
        }
        BridgeVlans.Leave(here, names);
    }

    private static void Delete(NetworkStack here, int index)
    {
        try
        {
            here.DeleteLink(index);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENODEV)
        {
            // The kernel took it away meanwhile, with the namespace of its other end.
        }
    }

    private static Route Of(RoutePlan route, NetworkStack inside) =>
        new(route.Destination, route.Gateway, route.Device is null ? null : inside.GetLink(route.Device).Index) { OnLink = route.OnLink };

    // /proc/sys/net shows the namespace of the thread that opens it.
    private static void SetAutoconf(VethPlan pair)
    {
        string file = $"/proc/sys/net/ipv6/conf/{pair.PeerName}/accept_ra";
        if (File.Exists(file))
        {
            File.WriteAllText(file, (pair.Autoconf ? 1 : 0).ToString(CultureInfo.InvariantCulture));
        }
    }
}
