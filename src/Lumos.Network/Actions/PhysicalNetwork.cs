using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>
/// The method of svc:/network/physical.
/// <para>Purpose: give the host its network as /usbkey/config says, and zones the bridges they are plugged into.</para>
/// <para>Vocabulary: a <em>nic tag</em> is the name of a network; on Linux it is a bridge of that name with the tag's NIC as its
/// one port, and the host's address of that network sits on the bridge. An <em>etherstub</em> is a bridge without a NIC.</para>
/// <para>Flow: config (/usbkey/config; without it the boot arguments) → <see cref="NetworkSpec"/> → <see cref="NetworkPlan"/>
/// against what the kernel shows → steps. Running it again makes only what is missing.</para>
/// <para>With nothing configured (noimport, or before the setting up) the first NIC with a cable gets the admin bridge and
/// asks for a lease, so that a machine in rescue can be reached.</para>
/// <para>In the kernel: bridges, addresses, routes. Under /run/lumos/network: leases and pids of DHCP clients, derived.</para>
/// <para>Failure: what cannot be made is named, with its key, on standard error and the console; the rest is made. Only
/// a host that ends without its admin network fails (96 or 95). DHCP is waited for 24 seconds, then goes on behind.</para>
/// <para>Tested by Lumos.Network.Tests: reader and plan purely, the steps against the kernel in a namespace.</para>
/// </summary>
public sealed class PhysicalNetwork(
    INetworkHost host, IDhcpClient dhcp, NetworkPaths paths, Action<string> say, Action<string> announce)
{
    private const int Fatal = 95, Configuration = 96;

    private static readonly TimeSpan CarrierWait = TimeSpan.FromSeconds(6), CarrierPoll = TimeSpan.FromMilliseconds(100);

    /// <returns>The method's exit status.</returns>
    public int Start(NetworkSpec spec, BootArguments boot)
    {
        var names = new NameFiles(paths);
        if (boot["hostname"] is { Length: > 0 } name && spec.Hostname is null)
        {
            spec = spec with { Hostname = name };
        }
        if (spec.Tags.All(t => t.IsEtherstub) && spec.Faults.Count == 0 && FirstConnected() is { } link)
        {
            say($"no network is configured; trying DHCP on {link.Name} ({link.Mac})");
            spec = spec with
            {
                Tags = [.. spec.Tags, new NicTag(spec.AdminTag, link.Mac)],
                Addresses = [new HostAddress(spec.AdminTag, Dhcp: true, null, Addrconf: false, null)],
            };
        }
        names.SetHostname(spec);
        names.Write(spec);
        var plan = NetworkPlan.Make(spec, host.Links());
        var failures = new NetworkApplier(host, dhcp, say).Apply(plan);
        names.Write(spec);
        foreach (string fault in (IEnumerable<string>)[.. spec.Faults, .. plan.Faults, .. failures])
        {
            announce($"network/physical: {fault}");
        }
        if (plan.AdminIsMissing || (spec.Faults.Count > 0 && spec.Tag(spec.AdminTag) is null))
        {
            announce($"network/physical: the {spec.AdminTag} network could not be made; correct {paths.Config}, "
                + "then \"svcadm clear network/physical\"");
            return Configuration;
        }
        return failures.Count > 0 && !host.Links().Any(l => l.Addresses.Any(a => !a.Address.IsIPv6LinkLocal)) ? Fatal : 0;
    }

    /// <summary>Ends the DHCP clients; links and addresses stay, as zones may be using them.</summary>
    public void Stop(NetworkSpec spec)
    {
        foreach (var tag in spec.Tags.Select(t => t.Name).Append(spec.AdminTag).Distinct())
        {
            dhcp.Stop(tag);
        }
    }

    /// <summary>The first NIC with a cable, in the kernel's order; each is switched on to see, and none waits for ever.</summary>
    private ObservedLink? FirstConnected()
    {
        foreach (var nic in Nics().Where(l => !l.IsUp))
        {
            host.SetUp(nic.Name);
        }
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var nics = Nics().ToList();
            if (nics.Find(l => l.HasCarrier) is { } connected)
            {
                return connected;
            }
            if (nics.Count == 0 || clock.Elapsed > CarrierWait)
            {
                announce(nics.Count == 0
                    ? "network/physical: this machine shows no NIC"
                    : $"network/physical: no cable is in {string.Join(", ", nics.Select(n => n.Name))}");
                return null;
            }
            Thread.Sleep(CarrierPoll);
        }

        IEnumerable<ObservedLink> Nics() => host.Links().Where(l => l.Kind is null && l.Mac is not null);
    }
}
