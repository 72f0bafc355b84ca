using System.Net;
using Lumos.Core;
using Lumos.Drivers.Links;
using Lumos.Linux.Handles;
using Lumos.Linux.Netlink;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>Zones on a bridge, for real. Needs what the other host tests need, and veth and bridge in the kernel.</summary>
[Trait("level", "host")]
public sealed class ZoneNetworkHostTests : IDisposable
{
    private readonly string _tag = $"tb{Environment.ProcessId}";
    private readonly int _bridge;

    public ZoneNetworkHostTests()
    {
        using var stack = NetworkStack.Open();
        _bridge = stack.CreateBridge(_tag).Index;
        stack.AddAddress(_bridge, IpNet.Parse("10.213.77.1/24"));
        stack.SetUp(_bridge);
    }

    public void Dispose()
    {
        using var stack = NetworkStack.Open();
        stack.DeleteLink(_bridge);
    }

    [Fact]
    public void A_static_address_reaches_the_gateway_and_is_reached()
    {
        using var zone = new HostZone(new VethLinks());
        zone.Runtime.Boot(zone.Spec with { Nics = [Nic("10.213.77.5/24") with { Gateways = ["10.213.77.1"] }] });

        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ping -c 1 -W 5 10.213.77.1"));
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ping -c 1 -W 5 127.0.0.1"));
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "test \"$(cat /sys/class/net/eth0/address)\" = 02:08:20:01:02:03"));
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ip route | busybox grep -q '^default via 10.213.77.1 dev eth0'"));
        using (var stack = NetworkStack.Open())
        {
            var own = stack.GetLink($"v{zone.Spec.ZoneDid}.0");
            Assert.Equal(_bridge, own.Master);
            Assert.True(own.IsUp);
        }
        zone.Runtime.Halt(zone.Name);
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void A_gateway_outside_of_the_NICs_network_is_asked_for_on_the_link_and_answers()
    {
        using (var stack = NetworkStack.Open())
        {
            stack.AddAddress(_bridge, IpNet.Parse("10.213.78.1/32"));
        }
        using var zone = new HostZone(new VethLinks());
        zone.Runtime.Boot(zone.Spec with { Nics = [Nic("10.213.77.5/24") with { Gateways = ["10.213.78.1"] }] });
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ip route | busybox grep -q '^default via 10.213.78.1 dev eth0'"));
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ping -c 1 -W 5 10.213.78.1"));
        zone.Runtime.Halt(zone.Name);
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void A_nic_on_a_tag_that_is_not_there_fails_the_boot_and_leaves_nothing()
    {
        using var zone = new HostZone(new VethLinks());
        var nics = new[] { Nic("10.213.77.6/24"), Nic("10.213.77.7/24") with { NicTag = "nowhere", Interface = "eth1", Mac = "02:08:20:01:02:04" } };
        var error = Assert.Throws<LumosException>(() => zone.Runtime.Boot(zone.Spec with { Nics = [.. nics] }));
        Assert.Contains("nowhere", LumosException.Describe(error), StringComparison.Ordinal);
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void A_link_of_somebody_elses_that_bears_the_name_is_left_alone()
    {
        using var zone = new HostZone(new VethLinks());
        using var stack = NetworkStack.Open();
        int other = stack.CreateBridge($"v{zone.Spec.ZoneDid}.1").Index;
        try
        {
            var nics = new[] { Nic("10.213.77.6/24"), Nic("10.213.77.7/24") with { Interface = "eth1", Mac = "02:08:20:01:02:04" } };
            Assert.Throws<LumosException>(() => zone.Runtime.Boot(zone.Spec with { Nics = [.. nics] }));
            Assert.Equal(other, stack.FindLink($"v{zone.Spec.ZoneDid}.1")?.Index);
            Assert.Null(stack.FindLink($"v{zone.Spec.ZoneDid}.0"));
        }
        finally
        {
            stack.DeleteLink(other);
        }
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void A_lease_brings_address_route_and_resolver()
    {
        using var zone = new HostZone(new VethLinks());
        using var server = StartDhcpServer(out string folder);
        try
        {
            zone.Runtime.Boot(zone.Spec with { Nics = [Nic("dhcp")], Routes = [new ZoneRoute("10.213.80.0/24", "10.213.77.1")] });
            string resolvConf = Path.Combine(zone.Spec.RootPath, "etc/resolv.conf");
            long deadline = Environment.TickCount64 + 20_000;
            while (!File.Exists(resolvConf) && Environment.TickCount64 < deadline)
            {
                Thread.Sleep(50);
            }
            Assert.True(File.Exists(resolvConf), "no lease after 20 s");
            Assert.Equal("search example.test\nnameserver 10.213.77.1\n", File.ReadAllText(resolvConf));
            Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ip -4 addr show dev eth0 | busybox grep -q 'inet 10.213.77.100/24'"));
            Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ip route | busybox grep -q '^default via 10.213.77.1'"));
            Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "ip route | busybox grep -q '^10.213.80.0/24 via 10.213.77.1 dev eth0'")); // made before there was a lease
            zone.Runtime.Halt(zone.Name);
            Assert.Empty(zone.Leaks());
            Assert.Empty(zone.Warnings);
        }
        finally
        {
            server.Signal(15);
            server.Wait();
            Directory.Delete(folder, recursive: true);
        }
    }

    private ZoneNic Nic(string ip) =>
        new() { Interface = "eth0", Mac = "02:08:20:01:02:03", NicTag = _tag, Primary = true, Ips = [ip] };

    private ChildProcess StartDhcpServer(out string folder)
    {
        folder = Directory.CreateTempSubdirectory("lumos-dhcpd-").FullName;
        string configuration = Path.Combine(folder, "udhcpd.conf");
        File.WriteAllText(configuration, $"""
            start 10.213.77.100
            end 10.213.77.100
            interface {_tag}
            lease_file {folder}/leases
            pidfile {folder}/pid
            opt subnet 255.255.255.0
            opt router 10.213.77.1
            opt dns 10.213.77.1
            opt domain example.test
            opt lease 600

            """);
        File.WriteAllText(Path.Combine(folder, "leases"), "");
        return ChildProcess.Start(new SpawnRequest { Argv = ["busybox", "udhcpd", "-f", configuration] });
    }
}
