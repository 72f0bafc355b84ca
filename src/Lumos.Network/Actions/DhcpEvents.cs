using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>
/// What the DHCP client's turns mean for the host: a lease gained, renewed or lost. The lease file says what is applied now,
/// so that exactly that can be taken back. A static gateway or resolver of the configuration goes before the lease's.
/// </summary>
public sealed class DhcpEvents(INetworkHost host, NetworkPaths paths, NameFiles names, Action<string> say)
{
    public void Handle(string turn, Func<string, string?> variable, NetworkSpec spec)
    {
        string link = variable("interface") ?? throw new UsageException("net-dhcp-event is run by the DHCP client, which names the link");
        switch (turn)
        {
            case "bound" or "renew":
                var lease = Lease.FromEnvironment(variable)
                    ?? throw new LumosException("BadLease", $"{link}: the DHCP server's answer has no usable address");
                Apply(lease, spec);
                break;
            case "deconfig":
                TakeBack(link, null);
                break;
            case "leasefail" or "nak":
                say($"{link}: DHCP {turn}{(variable("message") is { Length: > 0 } why ? $": {why}" : "")}");
                break;
        }
        names.Write(spec);
    }

    private void Apply(Lease lease, NetworkSpec spec)
    {
        TakeBack(lease.Link, lease);
        host.AddAddress(lease.Link, lease.Net);
        if (lease.Mtu is { } mtu)
        {
            host.SetMtu(lease.Link, mtu);
        }
        if ((spec.Gateway ?? lease.Gateway) is { } gateway)
        {
            host.SetDefaultRoute(gateway, lease.Link);
        }
        Directory.CreateDirectory(paths.State);
        AtomicFile.Write(paths.LeaseFile(lease.Link), lease.Write());
        say($"{lease.Link}: leased {lease.Net}{(lease.Gateway is { } router ? $", router {router}" : "")}");
    }

    /// <summary>Removes what the lease before brought and the next one does not.</summary>
    private void TakeBack(string link, Lease? next)
    {
        string file = paths.LeaseFile(link);
        if (!File.Exists(file) || Lease.Read(File.ReadAllText(file), file) is not { } before)
        {
            return;
        }
        if (before.Gateway is { } gateway && !gateway.Equals(next?.Gateway))
        {
            host.DeleteDefaultRoute(gateway, link);
        }
        if (before.Net != next?.Net)
        {
            host.DeleteAddress(link, before.Net);
        }
        if (next is null)
        {
            File.Delete(file);
        }
    }
}
