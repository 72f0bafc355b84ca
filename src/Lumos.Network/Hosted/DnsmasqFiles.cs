using System.Text;
using Lumos.Core.Hosting;

namespace Lumos.Network.Hosted;

/// <summary>What dnsmasq reads for one bridge. Pure.</summary>
public static class DnsmasqFiles
{
    /// <summary>The folder of one bridge.</summary>
    public static string Folder(HostedPaths paths, HostedTag tag) => Path.Combine(paths.Dnsmasq, tag.Bridge);

    public static string Configuration(HostedPaths paths, HostedTag tag) => Path.Combine(Folder(paths, tag), "dnsmasq.conf");

    public static string Pid(HostedPaths paths, HostedTag tag) => Path.Combine(Folder(paths, tag), "pid");

    /// <summary>One file for each VM: which address, which name belongs to which MAC address.</summary>
    public static string Hosts(HostedPaths paths, HostedTag tag) => Path.Combine(Folder(paths, tag), "dhcp");

    /// <summary>One file for each VM: names of static addresses.</summary>
    public static string Names(HostedPaths paths, HostedTag tag) => Path.Combine(Folder(paths, tag), "names");

    /// <summary>Text of the configuration.</summary>
    public static string Text(HostedPaths paths, HostedTag tag)
    {
        var (first, last) = tag.DhcpRange;
        return $"""
            # Made by net-hosted at each start of svc:/network/dhcp-server.
            # This bridge and no other; -dynamic, so that it may come, go and come again.
            interface={tag.Bridge}
            except-interface=lo
            bind-dynamic
            pid-file={Pid(paths, tag)}
            # Names: VMs' own, then what the host's name servers say. Plain names never leave the host.
            no-hosts
            hostsdir={Names(paths, tag)}
            resolv-file={paths.ResolvConf}
            domain-needed
            bogus-priv
            # Addresses: what is written in payloads is in "dhcp" and never given to another; looking with a ping whether an
            # address is free would take three seconds for each VM. Leases are short, as nobody gives back that of a deleted VM.
            dhcp-range={first},{last},{tag.Subnet!.Netmask},20m
            dhcp-hostsdir={Hosts(paths, tag)}
            dhcp-option=option:router,{tag.Gateway.Address}
            dhcp-option=option:dns-server,{tag.Gateway.Address}
            dhcp-leasefile={Path.Combine(paths.Leases, tag.Bridge + ".leases")}
            dhcp-lease-max=65536
            dhcp-authoritative
            dhcp-no-override
            no-ping
            quiet-dhcp
            log-facility=-

            """.ReplaceLineEndings("\n");
    }

    /// <summary>The VM's lines for DHCP; "" for none.</summary>
    public static string HostLines(HostedTag tag, HostedVm vm)
    {
        var text = new StringBuilder();
        foreach (var nic in vm.Nics.Where(n => n.Tag == tag.Name))
        {
            var addresses = nic.Addresses.Where(a => tag.Subnet!.Contains(a)).ToList();
            foreach (var address in addresses)
            {
                text.Append($"{nic.Mac},{address}\n");
            }
            if (nic.IsDhcp && vm.Name is not null)
            {
                text.Append($"{nic.Mac},{vm.Name}\n");
            }
        }
        return text.ToString();
    }

    /// <summary>The VM's lines for DNS; "" for none.</summary>
    public static string NameLines(HostedTag tag, HostedVm vm) => vm.Name is null ? "" : string.Concat(
        vm.Nics.Where(n => n.Tag == tag.Name).SelectMany(n => n.Addresses).Where(a => tag.Subnet!.Contains(a)).Select(a => $"{a} {vm.Name}\n"));
}
