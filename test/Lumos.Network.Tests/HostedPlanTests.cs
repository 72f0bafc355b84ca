using System.Net;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Linux.Netlink;
using Lumos.Network.Hosted;
using Xunit;

namespace Lumos.Network.Tests;

public sealed class HostedPlanTests
{
    internal static readonly HostedConfig Config = new()
    {
        Name = "default",
        LinkPrefix = "lumos0",
        Tags = [new HostedTag { Name = "admin", Bridge = "lumos0", Subnet = IpNet.Parse("172.31.0.0/24") }],
    };

    private static readonly Link Eth0 = Link(2, "eth0", null), Br0 = Link(3, "br0", "bridge");

    private static readonly HostedObservation Host = new(
        [Link(1, "lo", null) with { IsLoopback = true }, Eth0, Br0],
        [new LinkAddress(1, IpNet.Parse("127.0.0.1/8"), true, false), new LinkAddress(2, IpNet.Parse("192.0.2.7/24"), true, true)],
        [
            new Route(null, IPAddress.Parse("192.0.2.1"), 2),
            new Route(IpNet.Parse("192.0.2.0/24"), null, 2),
            new Route(null, IPAddress.Parse("fd00::1"), 3),
        ],
        [new ForeignChain("inet", "lumos_default", "forward", "forward", "accept"), new ForeignChain("ip", "nat", "POSTROUTING", "postrouting", "accept")]);

    [Fact]
    public void A_bare_host_gets_rules_bridge_address_and_forwarding()
    {
        var plan = HostedPlan.Make(Config, Host);
        Assert.Empty(plan.Faults);
        Assert.Empty(plan.Warnings);
        Assert.Equal(
            [
                "set the nftables table",
                "make bridge lumos0 (be:e7:7b:d8:a8:9f)",
                "give lumos0 the address 172.31.0.1/24",
                "switch lumos0 on",
                "forward what comes from lumos0",
                "forward what comes from eth0",
            ],
            plan.Steps.Select(s => s.ToString()));
    }

    [Fact]
    public void The_table_is_replaced_as_a_whole() => Assert.Equal(
        """
        table inet lumos_default
        delete table inet lumos_default
        table inet lumos_default {
        	chain forward {
        		type filter hook forward priority filter; policy accept;
        		iifname != "lumos0" oifname "lumos0" ct state established,related accept
        		iifname != "lumos0" oifname "lumos0" ct status dnat accept
        		iifname != "lumos0" oifname "lumos0" reject with icmpx admin-prohibited
        	}
        	chain postrouting {
        		type nat hook postrouting priority srcnat; policy accept;
        		ip saddr 172.31.0.0/24 ip daddr != 172.31.0.0/24 oifname != "lumos0" masquerade
        	}
        }

        """.ReplaceLineEndings("\n"),
        HostedRules.Text(Config));

    [Fact]
    public void Networks_without_nat_are_routed_freely_and_existing_bridges_have_no_rules()
    {
        var routed = Config with { Tags = [Config.Tags[0] with { Nat = false }] };
        Assert.Equal("table inet lumos_default\ndelete table inet lumos_default\ntable inet lumos_default {\n}\n", HostedRules.Text(routed));
        var existing = Config with { Tags = [new HostedTag { Name = "ext", Bridge = "br0", Existing = true }] };
        var plan = HostedPlan.Make(existing, Host);
        Assert.Empty(plan.Faults);
        Assert.Equal([new HostedStep.Rules("table inet lumos_default\ndelete table inet lumos_default\n")], plan.Steps);
    }

    [Fact]
    public void What_is_there_is_not_made_again_and_what_changed_follows()
    {
        var host = Host with
        {
            Links = [.. Host.Links, Link(9, "lumos0", "bridge") with { Alias = "lumos:default:admin" }, Link(10, "old", "bridge") with { Alias = "lumos:default:old" }],
            Addresses = [.. Host.Addresses, new LinkAddress(9, IpNet.Parse("172.31.0.1/24"), true, true)],
            Routes = [.. Host.Routes, new Route(IpNet.Parse("172.31.0.0/24"), null, 9)],
        };
        string[] Steps(HostedConfig config) => [.. HostedPlan.Make(config, host).Steps.Select(s => s.ToString()).OfType<string>()];

        Assert.Equal(
            ["set the nftables table", "forward what comes from lumos0", "remove bridge old", "forward what comes from eth0"], Steps(Config));
        var moved = Config with { Tags = [Config.Tags[0] with { Subnet = IpNet.Parse("10.5.0.0/16") }] };
        Assert.Equal(["take the address 172.31.0.1/24 from lumos0", "give lumos0 the address 10.5.0.1/16"], Steps(moved)[1..3]);
    }

    [Theory]
    [InlineData("lumos0", "10.0.0.0/24", "is not of this root")] // another root's
    [InlineData("eth0", "10.0.0.0/24", "a link eth0 exists already")]
    [InlineData("lumos9", "192.0.2.0/28", "eth0 has 192.0.2.7/24")]
    [InlineData("lumos9", "10.9.8.0/24", "a route to 10.8.0.0/15 through br0")]
    public void What_is_in_the_way_is_named(string bridge, string subnet, string words)
    {
        var host = Host with
        {
            Links = [.. Host.Links, Link(9, "lumos0", "bridge") with { Alias = "lumos:other:admin" }],
            Routes = [.. Host.Routes, new Route(IpNet.Parse("10.8.0.0/15"), IPAddress.Parse("192.0.2.9"), 3), new Route(IpNet.Parse("0.0.0.0/1"), null, 3)],
        };
        var config = Config with { Tags = [new HostedTag { Name = "admin", Bridge = bridge, Subnet = IpNet.Parse(subnet) }] };
        string fault = Assert.Single(HostedPlan.Make(config, host).Faults);
        Assert.Contains(words, fault, StringComparison.Ordinal);
        Assert.Contains("nic tag admin", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("br7", "no bridge br7")]
    [InlineData("eth0", "eth0 is no bridge")]
    public void A_bridge_that_ought_to_exist_is_missed_by_name(string bridge, string words)
    {
        var config = Config with { Tags = [new HostedTag { Name = "ext", Bridge = bridge, Existing = true }] };
        Assert.Contains(words, Assert.Single(HostedPlan.Make(config, Host).Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_of_others_that_drop_are_warned_of()
    {
        var chains = Nft.Parse("""
            {"nftables": [{"metainfo": {"version": "1.0.6"}},
              {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
              {"chain": {"family": "ip", "table": "filter", "name": "DOCKER", "handle": 2}},
              {"chain": {"family": "bridge", "table": "x", "name": "y", "handle": 2, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
              {"chain": {"family": "inet", "table": "ufw", "name": "in", "handle": 3, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}]}
            """);
        var warnings = HostedPlan.Make(Config, Host with { Chains = chains, Routes = [] }).Warnings;
        Assert.Equal(3, warnings.Length);
        Assert.Contains("chain FORWARD of nftables table ip filter", warnings[0], StringComparison.Ordinal);
        Assert.Contains("DHCP", warnings[1], StringComparison.Ordinal);
        Assert.Contains("no way out", warnings[2], StringComparison.Ordinal);
    }

    private static Link Link(int index, string name, string? kind) =>
        new(index, name, kind, true, true, false, 1500, null, null, null, null, null, null);
}
