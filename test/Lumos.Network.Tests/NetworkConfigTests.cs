using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Lumos.Network.Model;
using Xunit;

namespace Lumos.Network.Tests;

public class NetworkConfigTests
{
    internal const string Mac1 = "52:54:00:00:00:01", Mac2 = "52:54:00:00:00:02";

    [Fact]
    public void A_static_admin_network_with_names()
    {
        var spec = Read($"""
            admin_nic={Mac1}
            admin_ip=10.0.2.15
            admin_netmask=255.255.255.0
            headnode_default_gateway=10.0.2.2
            dns_resolvers=10.0.2.3,8.8.8.8
            dns_domain=example.org
            hostname=node-1
            """);
        Assert.Empty(spec.Faults);
        Assert.Equal([new NicTag("admin", MacAddress.Parse(Mac1))], spec.Tags);
        Assert.Equal([new HostAddress("admin", false, IpNet.Parse("10.0.2.15/24"), false, null)], spec.Addresses);
        Assert.Equal(("10.0.2.2", "example.org", "node-1"), (spec.Gateway?.ToString(), spec.Domain, spec.Hostname));
        Assert.Equal(["10.0.2.3", "8.8.8.8"], spec.Resolvers);
    }

    [Fact]
    public void Dhcp_ipv6_etherstubs_mtu_and_a_second_network()
    {
        var spec = Read($"""
            admin_nic={Mac1}
            admin_ip=dhcp
            admin_ip6=addrconf
            external_nic={Mac2}
            external_mtu=9000
            external0_ip=192.0.2.5
            external0_netmask=255.255.255.0
            external1_ip6=2001:db8::5/64
            admin_gateway6=fe80::1
            etherstub=stub0,stub1
            """);
        Assert.Empty(spec.Faults);
        Assert.Equal(["admin", "external", "stub0", "stub1"], spec.Tags.Select(t => t.Name));
        Assert.Equal(9000, spec.Tag("external")!.Mtu);
        Assert.True(spec.Tag("stub0")!.IsEtherstub);
        Assert.Equal(new HostAddress("admin", true, null, true, null), spec.Addresses[0]);
        Assert.Equal([IpNet.Parse("192.0.2.5/24")], spec.Addresses.Select(a => a.Ip4).OfType<IpNet>());
        Assert.Equal([IpNet.Parse("2001:db8::5/64")], spec.Addresses.Select(a => a.Ip6).OfType<IpNet>());
        Assert.Equal("fe80::1", spec.Gateway6?.ToString());
    }

    [Theory]
    [InlineData("storage_nic=" + Mac1, "several tags on one NIC")]
    [InlineData("aggr0_aggr=" + Mac2, "aggregations are not supported")]
    [InlineData("a_very_long_tag_name_nic=" + Mac2, "longer than 15")]
    [InlineData("external_nic=eth0", "not a MAC address")]
    [InlineData("admin_mtu=100", "not an MTU")]
    [InlineData("etherstub=admin", "is a nic tag already")]
    [InlineData("admin0_ip=10.0.0.1", "not an IPv4 address and netmask")]
    [InlineData("admin0_ip=10.0.0.1\nadmin0_netmask=255.0.0.0\nadmin0_vlan_id=7", "VLAN")]
    [InlineData("lost0_ip=dhcp", "there is no nic tag lost")]
    [InlineData("dns_resolvers=ns1", "not an IP address")]
    [InlineData("admin_gateway=300.0.0.1", "not an IPv4 address")]
    [InlineData("hostname='a b'", "not a host name")]
    public void What_cannot_be_done_is_a_fault_and_the_rest_stays(string line, string part)
    {
        var spec = Read($"admin_nic={Mac1}\nadmin_ip=dhcp\n{line}\n");
        Assert.Contains(part, Assert.Single(spec.Faults), StringComparison.Ordinal);
        Assert.NotNull(spec.Tag("admin"));
        Assert.Contains(spec.Addresses, a => a.Tag == "admin" && a.Dhcp);
    }

    [Fact]
    public void Boot_arguments_make_the_network_of_a_machine_without_a_pool()
    {
        var spec = NetworkConfigReader.Read(NetworkConfigReader.FromBoot(BootArguments.Parse(
            $"noimport=true admin_nic={Mac1} admin_ip=10.0.0.5 admin_netmask=255.255.255.0 admin_gateway=10.0.0.1 dns_resolvers=1.1.1.1 hostname=rescue")));
        Assert.Empty(spec.Faults);
        Assert.Equal(("10.0.0.1", "rescue"), (spec.Gateway?.ToString(), spec.Hostname));
        Assert.Equal(IpNet.Parse("10.0.0.5/24"), spec.Addresses[0].Ip4);
        Assert.Empty(NetworkConfigReader.Read(ShellConfig.Empty).Tags);
    }

    [Fact]
    public void Resolv_conf_has_no_empty_search_line_and_three_servers_at_most()
    {
        Assert.Equal("nameserver 1.1.1.1\n", ResolverFiles.ResolvConf(["1.1.1.1", "1.1.1.1"], ""));
        Assert.Equal(4, ResolverFiles.ResolvConf(["1", "2", "3", "4"], "x").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Hosts_names_the_machine_once()
    {
        string once = ResolverFiles.Hosts("127.0.0.1\tlocalhost\n", "node", "example.org", IpNet.Parse("10.0.0.5/24"));
        Assert.Equal("127.0.0.1\tlocalhost\n10.0.0.5\tnode.example.org node\t# this machine\n", once);
        Assert.Equal("127.0.0.1\tlocalhost\n127.0.1.1\tother\t# this machine\n", ResolverFiles.Hosts(once, "other", "", null));
    }

    [Fact]
    public void A_lease_is_read_from_the_clients_variables_and_survives_its_file()
    {
        var variables = new Dictionary<string, string>
        {
            ["interface"] = "admin", ["ip"] = "10.0.2.15", ["subnet"] = "255.255.255.0", ["router"] = "10.0.2.2 10.0.2.9",
            ["dns"] = "10.0.2.3 bad", ["domain"] = "example.org\nnameserver 6.6.6.6", ["mtu"] = "1400",
        };
        var lease = Lease.FromEnvironment(variables.GetValueOrDefault)!;
        Assert.Equal(("10.0.2.15/24", "10.0.2.2", "", 1400), (lease.Net.ToString(), lease.Gateway?.ToString(), lease.Domain, lease.Mtu));
        Assert.Equal(["10.0.2.3"], lease.Resolvers);
        var read = Lease.Read(lease.Write(), "f")!;
        Assert.Equal((lease.Link, lease.Net, lease.Gateway), (read.Link, read.Net, read.Gateway));
        variables.Remove("ip");
        Assert.Null(Lease.FromEnvironment(variables.GetValueOrDefault));
    }

    [Theory]
    [InlineData("admin", true)]
    [InlineData("a.b", false)]
    [InlineData("0a", false)]
    [InlineData("", false)]
    [InlineData("abcdefghijklmno", true)]
    [InlineData("abcdefghijklmnop", false)]
    public void Names_of_nic_tags(string name, bool good) => Assert.Equal(good, NicTagName.Fault(name) is null);

    internal static NetworkSpec Read(string text) => NetworkConfigReader.Read(ShellConfig.Parse(text));
}
