using System.Net;
using System.Net.Sockets;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Netlink;
using Xunit;

namespace Lumos.Linux.Tests;

/// <summary>Against the real kernel, in network namespaces that vanish with their descriptors.</summary>
[Trait("level", "host")]
public sealed class NetworkStackTests : IDisposable
{
    private readonly FileDescriptor _host = Namespace.CreateNet();
    private readonly FileDescriptor _zone = Namespace.CreateNet();
    private readonly NetworkStack _stack;
    private readonly NetworkStack _inside;

    public NetworkStackTests()
    {
        _stack = NetworkStack.OpenIn(_host);
        _inside = NetworkStack.OpenIn(_zone);
    }

    public void Dispose()
    {
        _stack.Dispose();
        _inside.Dispose();
        _host.Dispose();
        _zone.Dispose();
    }

    [Fact]
    public void A_zone_nic_from_bridge_to_connection()
    {
        var mac = MacAddress.Parse("02:00:00:00:00:01");
        var bridge = _stack.CreateBridge("admin", mac);
        Assert.Equal(("bridge", mac, false), (bridge.Kind, bridge.Mac, bridge.IsUp));
        var veth = _stack.CreateVeth("v1.0", new VethPeer("net0", MacAddress.Parse("02:0:0:0:0:2"), _zone), mtu: 1400);
        _stack.SetMaster(veth.Index, bridge.Index);
        _stack.SetUp(bridge.Index);
        _stack.SetUp(veth.Index);
        _stack.AddAddress(bridge.Index, IpNet.Parse("10.88.0.1/24"));

        var nic = _inside.GetLink("net0");
        Assert.Equal(("veth", 1400u, "02:00:00:00:00:02"), (nic.Kind, nic.Mtu, nic.Mac.ToString()));
        Assert.NotNull(nic.ParentNetns);
        _inside.SetUp(nic.Index);
        _inside.AddAddress(nic.Index, IpNet.Parse("10.88.0.2/24"));
        _inside.AddRoute(new Route(null, IPAddress.Parse("10.88.0.1")));

        Assert.Equal(bridge.Index, _stack.GetLink("v1.0").Master);
        using (var listener = Namespace.RunInNet(_host, () => new TcpListener(IPAddress.Parse("10.88.0.1"), 0)))
        {
            // The socket itself is made at the start, in whichever namespace the thread is in then.
            Namespace.RunInNet(_host, listener.Start);
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            using var client = Namespace.RunInNet(_zone, () => new TcpClient("10.88.0.1", port));
            using var served = listener.AcceptTcpClient();
            Assert.Equal("10.88.0.2", ((IPEndPoint)served.Client.RemoteEndPoint!).Address.ToString());
        }
        Assert.Equal(
            [new Route(null, IPAddress.Parse("10.88.0.1"), nic.Index),
             new Route(IpNet.Parse("10.88.0.0/24"), null, nic.Index, 0, IPAddress.Parse("10.88.0.2")) { IsKernels = true }],
            _inside.Routes().Where(r => r.Destination?.IsV6 != true));

        _stack.SetMaster(veth.Index, null);
        Assert.Null(_stack.GetLink("v1.0").Master);
        _stack.DeleteLink(veth.Index);
        Assert.Null(_inside.FindLink("net0"));
    }

    [Fact]
    public void Links_change_name_size_address_and_place()
    {
        var first = _stack.CreateVeth("a0", new VethPeer("b0"));
        Assert.Equal(_stack.GetLink("b0").Index, first.Parent);
        _stack.Rename(first.Index, "a1");
        _stack.SetMtu(first.Index, 9000);
        _stack.SetMac(first.Index, MacAddress.Parse("2:0:0:0:0:9"));
        var changed = _stack.FindLink(first.Index)!;
        Assert.Equal(("a1", 9000u, "02:00:00:00:00:09"), (changed.Name, changed.Mtu, changed.Mac.ToString()));
        _stack.MoveTo(first.Index, _zone, "eth0");
        Assert.Null(_stack.FindLink("a1"));
        Assert.Equal("veth", _inside.GetLink("eth0").Kind);
        Assert.True(_inside.GetLink("lo").IsLoopback);
    }

    [Fact]
    public void Addresses_of_both_families_come_and_go()
    {
        var link = _stack.CreateVeth("a0", new VethPeer("b0"));
        _stack.SetUp(link.Index);
        var v4 = IpNet.Parse("192.168.7.5/30");
        var v6 = IpNet.Parse("fd00::5/64");
        _stack.AddAddress(link.Index, v4);
        _stack.AddAddress(link.Index, v6);
        Assert.Equal(
            [v4, v6], _stack.Addresses(link.Index).Where(a => a is { IsGlobal: true, IsPermanent: true }).Select(a => a.Net));
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _stack.AddAddress(link.Index, v4)).Errno);
        _stack.DeleteAddress(link.Index, v4);
        Assert.Equal([v6], _stack.Addresses(link.Index).Select(a => a.Net));
        Assert.Equal(Errno.EADDRNOTAVAIL, Assert.Throws<ErrnoException>(() => _stack.DeleteAddress(link.Index, v4)).Errno);
    }

    [Fact]
    public void Routes_are_added_replaced_and_deleted()
    {
        var a = _stack.CreateVeth("a0", new VethPeer("b0"));
        var b = _stack.GetLink("b0");
        _stack.SetUp(a.Index);
        _stack.SetUp(b.Index);
        _stack.AddAddress(a.Index, IpNet.Parse("10.1.0.1/24"));
        _stack.AddAddress(a.Index, IpNet.Parse("fd01::1/64"));
        var net = IpNet.Parse("10.9.0.0/16");
        _stack.AddRoute(new Route(net, IPAddress.Parse("10.1.0.2")));
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _stack.AddRoute(new Route(net, IPAddress.Parse("10.1.0.3")))).Errno);
        _stack.ReplaceRoute(new Route(net, IPAddress.Parse("10.1.0.3")));
        Assert.Equal("10.1.0.3", Assert.Single(_stack.Routes(), r => r.Destination == net).Gateway?.ToString());
        _stack.DeleteRoute(new Route(net, null));
        Assert.DoesNotContain(_stack.Routes(), r => r.Destination == net);
        Assert.Equal(Errno.ESRCH, Assert.Throws<ErrnoException>(() => _stack.DeleteRoute(new Route(net, null))).Errno);
        _stack.AddRoute(new Route(IpNet.Parse("fd02::/64"), IPAddress.Parse("fd01::2")));
        _stack.AddRoute(new Route(null, IPAddress.Parse("fd01::2"), Metric: 77));
        Assert.Contains(_stack.Routes(), r => r is { Destination: null, Metric: 77 } && r.Gateway!.ToString() == "fd01::2");
        _stack.AddRoute(new Route(IpNet.Parse("10.10.0.0/16"), null, a.Index));
        Assert.Contains(_stack.Routes(), r => r.Destination?.ToString() == "10.10.0.0/16" && r.LinkIndex == a.Index);
    }

    [Fact]
    public void The_kernels_own_words_reach_the_message()
    {
        var error = Assert.Throws<ErrnoException>(() => _stack.AddRoute(new Route(null, IPAddress.Parse("10.200.0.1"))));
        Assert.Equal(Errno.ENETUNREACH, error.Errno);
        Assert.Contains("Nexthop has invalid gateway", error.Message);
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _stack.CreateVeth("lo", new VethPeer("b0"))).Errno);
        Assert.Equal(Errno.ENODEV, Assert.Throws<ErrnoException>(() => _stack.GetLink("none")).Errno);
        Assert.Equal(Errno.ENODEV, Assert.Throws<ErrnoException>(() => _stack.SetUp(12345)).Errno);
    }

    [Fact]
    public void A_long_list_comes_whole()
    {
        for (int i = 0; i < 60; i++)
        {
            _stack.CreateVeth($"a{i}", new VethPeer($"b{i}"));
        }
        Assert.Equal(120, _stack.Links().Count(l => l.Kind == "veth"));
    }

    [Fact]
    public void One_link_is_found_among_many_by_its_name_or_number_and_no_other_is()
    {
        var bridge = _stack.CreateBridge("tag0");
        var other = _stack.CreateVeth("a0", new VethPeer("b0"));
        _stack.SetMaster(other.Index, bridge.Index);
        Assert.Equal(_stack.Links().Single(l => l.Name == "a0"), _stack.FindLink("a0"));
        Assert.Equal(_stack.Links().Single(l => l.Name == "tag0"), _stack.FindLink(bridge.Index));
        Assert.Equal("a0", Assert.Single(_stack.Links(bridge.Index)).Name);
        Assert.Empty(_stack.Links(other.Index));
        foreach (string none in (string[])["a", "a00", "", "a-name-of-16-byt"])
        {
            Assert.Null(_stack.FindLink(none));
        }
        Assert.Null(_stack.FindLink(12345));
    }
}
