using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class LinkPlanTests
{
    [Fact]
    public void A_nic_becomes_a_pair_and_its_gateway_the_default_route()
    {
        var plan = ZoneLinkPlan.Of(Specs.Native, ZoneLinkNames.Live);
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
        Assert.False(route.OnLink);
    }

    [Theory]
    [InlineData("192.0.2.1", "10.0.0.5/24")]
    [InlineData("10.0.0.1", "dhcp")]
    [InlineData("10.0.0.1", "10.0.0.5/32")]
    public void A_gateway_that_no_address_of_its_NIC_reaches_is_asked_for_on_the_link(string gateway, string ip)
    {
        var nic = Specs.Native.Nics[0] with { Gateways = [gateway], Ips = [ip] };
        Assert.True(Assert.Single(ZoneLinkPlan.Of(Specs.Native with { Nics = [nic] }, ZoneLinkNames.Live).Routes).OnLink);
    }

    [Fact]
    public void Only_the_primary_nic_gives_the_default_route()
    {
        var second = Specs.Native.Nics[0] with { Interface = "net1", Primary = false, Gateways = ["10.1.0.1"], Ips = ["dhcp", "addrconf", "fd00::5/64"] };
        var plan = ZoneLinkPlan.Of(Specs.Native with { Nics = [Specs.Native.Nics[0], second] }, ZoneLinkNames.Live);
        Assert.Single(plan.Routes);
        Assert.Equal("v3.1", plan.Pairs[1].HostName);
        Assert.True(plan.Pairs[1].Autoconf);
        Assert.Equal(["fd00::5/64"], plan.Pairs[1].Addresses.Select(a => a.ToString()));
    }

    [Theory]
    [InlineData("10.0.0.9", null, false)] // a fixed address reaches it
    [InlineData("192.168.7.1", "net1", true)] // the lease will
    public void A_route_through_a_gateway_that_only_a_lease_will_reach_waits_for_none(string gateway, string? device, bool onLink)
    {
        var leased = Specs.Native.Nics[0] with { Interface = "net1", Primary = false, Gateways = [], Ips = ["dhcp"] };
        var zone = Specs.Native with { Nics = [Specs.Native.Nics[0], leased], Routes = [new ZoneRoute("172.16.0.0/12", gateway)] };
        var route = ZoneLinkPlan.Of(zone, ZoneLinkNames.Live).Routes[^1];
        Assert.Equal((gateway, device, onLink), (route.Gateway!.ToString(), route.Device, route.OnLink));
    }

    [Fact]
    public void Routes_go_through_addresses_or_links()
    {
        var plan = ZoneLinkPlan.Of(Specs.Native with
        {
            Routes = [new ZoneRoute("192.168.0.0/16", "10.0.0.9"), new ZoneRoute("172.16.0.1", "dev net0")],
        }, ZoneLinkNames.Live);
        Assert.Equal(("192.168.0.0/16", "10.0.0.9", null), Show(plan.Routes[1]));
        Assert.Equal(("172.16.0.1/32", null, "net0"), Show(plan.Routes[2]));

        static (string?, string?, string?) Show(Lumos.Drivers.Links.RoutePlan r) => (r.Destination?.ToString(), r.Gateway?.ToString(), r.Device);
    }

    [Fact]
    public void What_cannot_be_set_up_is_refused_by_name()
    {
        void Refused(ZoneNic nic, string word)
        {
            var error = Assert.Throws<LumosException>(() => ZoneLinkPlan.Of(Specs.Native with { Nics = [nic] }, ZoneLinkNames.Live));
            Assert.Equal("ZoneCannotBoot", error.Code);
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        }
        var good = Specs.Native.Nics[0];
        Refused(good with { VlanId = 4095 }, "vlan_id");
        Refused(good with { Mac = "zz" }, "zz");
        Refused(good with { Ips = ["10.0.0.5"] }, "10.0.0.5");
        Refused(good with { Gateways = ["gw"] }, "gw");
        Refused(good with { Interface = "a-very-long-interface" }, "a-very-long-interface");
    }

    private static readonly HostedConfig Hosted = new()
    {
        Name = "default",
        LinkPrefix = "lumos0",
        Tags = [new HostedTag { Name = "admin", Bridge = "lumos0", Subnet = IpNet.Parse("172.31.0.0/24") }],
    };

    [Fact]
    public void On_a_shared_host_bridge_and_prefix_are_those_of_hosted_json()
    {
        var names = ZoneLinkNames.Of(Hosted);
        var pair = Assert.Single(ZoneLinkPlan.Of(Specs.Native, names).Pairs);
        Assert.Equal(("lumos0.3.0", "lumos0"), (pair.HostName, pair.Bridge));
        var elsewhere = Specs.Native.Nics[0] with { NicTag = "external" };
        var error = Assert.Throws<LumosException>(() => ZoneLinkPlan.Of(Specs.Native with { Nics = [elsewhere] }, names));
        Assert.Equal("ZoneCannotBoot", error.Code);
        Assert.Contains("external", error.Message, StringComparison.Ordinal);
        Assert.Same(ZoneLinkNames.Live, ZoneLinkNames.Of(null));
    }

    [Theory]
    [InlineData(1, 0, "lumos0.1.0")]
    [InlineData(99999, 0, "lumos0.99999.0")]
    [InlineData(999999, 0, "lumos0.999999.0")]
    [InlineData(1679615, 0, "lumos0.xzzzz.0")] // not lumos0.zzzz.0, and never lumos0.1111.0 for two zones
    [InlineData(99999, 31, "lumos0.99999.31")]
    [InlineData(60466175, 0, "lumos0.xzzzzz.0")]
    public void Names_of_links_fit_whatever_the_number(int did, int nic, string name)
    {
        Assert.Equal(name, ZoneLinkNames.Of(Hosted).HostEnd(did, nic));
        Assert.InRange(name.Length, 1, 15);
    }

    [Fact]
    public void A_name_that_cannot_fit_says_what_to_change()
    {
        var error = Assert.Throws<LumosException>(() => ZoneLinkNames.Of(Hosted with { LinkPrefix = "lumos-eu" }).HostEnd(int.MaxValue, 10));
        Assert.Contains("link_prefix", error.Message, StringComparison.Ordinal);
    }
}
