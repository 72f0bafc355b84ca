using System.Net;
using System.Text.Json.Nodes;
using Lumos.Core;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Zones on the bridge that a hosted global zone makes for itself.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class ZoneNetworkTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void Zones_reach_the_gateway_and_each_other_by_lease_or_fixed_address_and_by_name()
    {
        var net = IpNet.Parse((string)_root.StatusJson()["tags"]![0]!["subnet"]!);
        byte[] bytes = net.Address.GetAddressBytes();
        string gateway = new IPAddress([bytes[0], bytes[1], bytes[2], 1]).ToString(), own = new IPAddress([bytes[0], bytes[1], bytes[2], 9]).ToString();

        using var leased = HostedVm.Native(_root, new JsonObject
        {
            ["alias"] = "leased", ["hostname"] = "leased",
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
        });
        using var fixedly = HostedVm.Native(_root, new JsonObject
        {
            ["alias"] = "fixed", ["hostname"] = "fixed", ["resolvers"] = new JsonArray(gateway),
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = own, ["netmask"] = "255.255.255.0", ["gateway"] = gateway, ["primary"] = true }),
        });
        string lease = "";
        Wait.For("the lease", () => (lease = Address(leased)).Length > 0);
        Assert.True(net.Contains(IPAddress.Parse(lease)), $"{lease} is not in {net}");
        Assert.Equal(own, Address(fixedly));

        Assert.All(new[] { gateway, own }, address => leased.Zlogin($"ping -c 1 -W 5 {address}").OrThrow());
        Assert.All(new[] { gateway, lease }, address => fixedly.Zlogin($"ping -c 1 -W 5 {address}").OrThrow());
        Assert.StartsWith(own, leased.Zlogin("getent hosts fixed").OrThrow().Output);
        Assert.StartsWith(lease, fixedly.Zlogin("getent hosts leased").OrThrow().Output);
        Assert.Contains($"default via {gateway}", leased.Zlogin("ip route").OrThrow().Output);
    }

    /// <summary>SmartOS's recipe for many zones behind one address: a zone that forwards and translates, with rules of its own.</summary>
    [Fact]
    public void A_zone_is_the_router_of_another_by_rules_of_its_own()
    {
        var net = IpNet.Parse((string)_root.StatusJson()["tags"]![0]!["subnet"]!);
        byte[] bytes = net.Address.GetAddressBytes();
        string gateway = new IPAddress([bytes[0], bytes[1], bytes[2], 1]).ToString(), outside = new IPAddress([bytes[0], bytes[1], bytes[2], 11]).ToString();
        JsonObject Nic(string gatewayOfNic, params string[] ips) => new()
        {
            ["nics"] = new JsonArray(new JsonObject
            {
                ["nic_tag"] = "admin", ["ips"] = new JsonArray([.. ips.Select(ip => (JsonNode)ip)]), ["gateway"] = gatewayOfNic, ["primary"] = true, ["allow_ip_spoofing"] = true,
            }),
        };
        using var router = HostedVm.Native(_root, Nic(gateway, $"{outside}/24", "10.213.99.1/24"));
        using var behind = HostedVm.Native(_root, Nic("10.213.99.1", "10.213.99.2/24"));
        router.Zlogin("sysctl -q -w net.ipv4.ip_forward=1").OrThrow();
        // Nobody else knows a way back to 10.213.99.2.
        Assert.NotEqual(0, behind.Zlogin($"ping -c 1 -W 2 {gateway}").Status);
        router.Zlogin("nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; add rule ip nat post ip saddr 10.213.99.0/24 ip daddr != 10.213.99.0/24 masquerade'").OrThrow();
        behind.Zlogin($"ping -c 1 -W 5 {gateway}").OrThrow();
        // Its rules are its own.
        Assert.DoesNotContain("10.213.99.0", behind.Zlogin("nft list ruleset").OrThrow().Output);
    }

    [Fact]
    public void An_address_of_another_zone_cannot_be_taken()
    {
        var nic = new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["mac"] = "02:00:00:12:34:56" };
        using var vm = HostedVm.Native(_root, new JsonObject { ["autoboot"] = false, ["nics"] = new JsonArray(nic) });
        var second = _root.Feed(new JsonObject
        {
            ["brand"] = "joyent", ["image_uuid"] = TestImages.Native, ["ram"] = 128, ["alias"] = "thief", ["nics"] = new JsonArray(nic.DeepClone()),
        }.ToJsonString(), "vmadm", "create");
        Assert.NotEqual(0, second.Status);
        Assert.Contains("02:00:00:12:34:56", second.ErrorOutput);
    }

    private static string Address(HostedVm vm)
    {
        string line = vm.Zlogin("ip -4 -o addr show dev net0").Output;
        int at = line.IndexOf("inet ", StringComparison.Ordinal);
        return at < 0 ? "" : line[(at + 5)..].Split('/')[0];
    }
}
