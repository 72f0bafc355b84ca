using Lumos.Core;
using Lumos.Network.Model;
using Xunit;

namespace Lumos.Network.Tests;

public class NetworkPlanTests
{
    private static readonly ObservedLink Eth0 = Nic("eth0", NetworkConfigTests.Mac1), Eth1 = Nic("eth1", NetworkConfigTests.Mac2);

    private static readonly NetworkSpec Admin = NetworkConfigTests.Read(
        $"admin_nic={NetworkConfigTests.Mac1}\nadmin_ip=10.0.2.15\nadmin_netmask=255.255.255.0\nadmin_gateway=10.0.2.2\netherstub=stub0\n");

    [Fact]
    public void From_bare_nics_to_the_admin_bridge() =>
        Assert.Equal("""
            make bridge admin (52:54:00:00:00:01)
            put eth0 on bridge admin
            switch eth0 on
            switch admin on
            make bridge stub0
            switch stub0 on
            take no IPv6 address for admin from routers
            give admin the address 10.0.2.15/24
            route by default through 10.0.2.2 on admin
            """.ReplaceLineEndings("\n"), Steps(Admin, Eth0, Eth1));

    [Fact]
    public void What_is_there_already_is_not_made_again() =>
        Assert.Equal("take no IPv6 address for admin from routers\nroute by default through 10.0.2.2 on admin", Steps(
            Admin,
            Eth0 with { Master = "admin", IsUp = true },
            Bridge("admin") with { IsUp = true, Addresses = [IpNet.Parse("10.0.2.15/24")] },
            Bridge("stub0") with { IsUp = true }));

    [Fact]
    public void Dhcp_comes_last_and_a_static_gateway_waits_for_the_lease()
    {
        var spec = NetworkConfigTests.Read($"admin_nic={NetworkConfigTests.Mac1}\nadmin_ip=dhcp\nadmin_gateway=10.0.2.2\n");
        var plan = NetworkPlan.Make(spec, [Eth0]);
        Assert.Equal("ask for a DHCP lease on admin", plan.Steps[^1].ToString());
        Assert.DoesNotContain(plan.Steps, s => s is NetworkStep.DefaultRoute);
        Assert.Empty(plan.Faults);
    }

    [Fact]
    public void A_larger_mtu_is_set_on_nic_and_bridge()
    {
        var spec = NetworkConfigTests.Read($"admin_nic={NetworkConfigTests.Mac1}\nadmin_mtu=9000\nadmin_ip=none\n");
        Assert.Contains("set the MTU of eth0 to 9000\nset the MTU of admin to 9000", Steps(spec, Eth0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_nic_is_named_with_those_present_and_the_rest_is_made()
    {
        var plan = NetworkPlan.Make(Admin, [Eth1]);
        Assert.True(plan.AdminIsMissing);
        Assert.Contains("no NIC has the MAC address 52:54:00:00:00:01; present are eth1 (52:54:00:00:00:02)", plan.Faults[0], StringComparison.Ordinal);
        Assert.Contains(plan.Steps, s => s is NetworkStep.MakeBridge { Name: "stub0" });
        Assert.DoesNotContain(plan.Steps, s => s is NetworkStep.AddAddress);
    }

    [Fact]
    public void A_gateway_outside_of_the_networks_is_a_fault()
    {
        var spec = NetworkConfigTests.Read(
            $"admin_nic={NetworkConfigTests.Mac1}\nadmin_ip=10.0.2.15\nadmin_netmask=255.255.255.0\nadmin_gateway=10.9.9.9\n");
        Assert.Contains("10.9.9.9", Assert.Single(NetworkPlan.Make(spec, [Eth0]).Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_of_the_tags_name_that_is_no_bridge_is_not_taken()
    {
        var plan = NetworkPlan.Make(Admin, [Nic("admin", "52:54:00:00:00:09"), Eth0]);
        Assert.Contains("is no bridge", plan.Faults[0], StringComparison.Ordinal);
    }

    private static string Steps(NetworkSpec spec, params ObservedLink[] links) => string.Join('\n', NetworkPlan.Make(spec, links).Steps);

    private static ObservedLink Nic(string name, string mac) => new(name, MacAddress.Parse(mac), null, null, 1500, false, false, []);

    private static ObservedLink Bridge(string name) => new(name, null, "bridge", null, 1500, false, false, []);
}
