using Lumos.Core;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class LinkPlanTests
{
    [Fact]
    public void A_nic_becomes_a_pair_and_its_gateway_the_default_route()
    {
        var plan = ZoneLinkPlan.Of(Specs.Native);
        var pair = Assert.Single(plan.Pairs);
        Assert.Equal("v3.0", pair.HostName);
        Assert.Equal("admin", pair.Bridge);
        Assert.Equal("net0", pair.PeerName);
        Assert.Equal("02:08:20:0a:0b:0c", pair.PeerMac.ToString());
        Assert.Equal(1500, pair.Mtu);
        Assert.Equal(["10.0.0.5/24"], pair.Addresses.Select(a => a.ToString()));
        var route = Assert.Single(plan.Routes);
        Assert.Null(route.Destination);
        Assert.Equal("10.0.0.1", route.Gateway!.ToString());
    }

    [Fact]
    public void Only_the_primary_nic_gives_the_default_route()
    {
        var second = Specs.Native.Nics[0] with { Interface = "net1", Primary = false, Gateways = ["10.1.0.1"], Ips = ["dhcp", "addrconf", "fd00::5/64"] };
        var plan = ZoneLinkPlan.Of(Specs.Native with { Nics = [Specs.Native.Nics[0], second] });
        Assert.Single(plan.Routes);
        Assert.Equal("v3.1", plan.Pairs[1].HostName);
        Assert.True(plan.Pairs[1].Autoconf);
        Assert.Equal(["fd00::5/64"], plan.Pairs[1].Addresses.Select(a => a.ToString()));
    }

    [Fact]
    public void Routes_go_through_addresses_or_links()
    {
        var plan = ZoneLinkPlan.Of(Specs.Native with
        {
            Routes = [new ZoneRoute("192.168.0.0/16", "10.0.0.9"), new ZoneRoute("172.16.0.1", "dev net0")],
        });
        Assert.Equal(("192.168.0.0/16", "10.0.0.9", null), Show(plan.Routes[1]));
        Assert.Equal(("172.16.0.1/32", null, "net0"), Show(plan.Routes[2]));

        static (string?, string?, string?) Show(Lumos.Drivers.Links.RoutePlan r) => (r.Destination?.ToString(), r.Gateway?.ToString(), r.Device);
    }

    [Fact]
    public void What_cannot_be_set_up_is_refused_by_name()
    {
        void Refused(ZoneNic nic, string word)
        {
            var error = Assert.Throws<LumosException>(() => ZoneLinkPlan.Of(Specs.Native with { Nics = [nic] }));
            Assert.Equal("ZoneCannotBoot", error.Code);
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        }
        var good = Specs.Native.Nics[0];
        Refused(good with { VlanId = 7 }, "vlan_id");
        Refused(good with { Mac = "zz" }, "zz");
        Refused(good with { Ips = ["10.0.0.5"] }, "10.0.0.5");
        Refused(good with { Gateways = ["gw"] }, "gw");
        Refused(good with { Interface = "a-very-long-interface" }, "a-very-long-interface");
    }
}
