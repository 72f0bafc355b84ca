using System.Net;
using System.Net.Sockets;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Tools;
using Lumos.Linux.Handles;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Netlink;
using Lumos.Network.Hosted;
using Xunit;

namespace Lumos.Network.Tests;

/// <summary>
/// A host of the test's own (a network namespace) with an uplink to a world that knows nothing of our subnets, and namespaces
/// in the place of zones. Needs root, nft and dnsmasq.
/// </summary>
[Trait("level", "host")]
public sealed class HostedNetworkHostTests : IDisposable
{
    private static readonly HostedConfig First = HostedPlanTests.Config;

    private static readonly HostedConfig Second = new()
    {
        Name = "second",
        LinkPrefix = "lumos1",
        Tags = [new HostedTag { Name = "admin", Bridge = "lumos1", Subnet = IpNet.Parse("172.31.1.0/24") }],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-hosted-").FullName;
    private readonly FileDescriptor _host = Namespace.CreateNet(), _world = Namespace.CreateNet(), _zone = Namespace.CreateNet();
    private readonly NetworkStack _stack;
    private readonly List<string> _said = [];

    public HostedNetworkHostTests()
    {
        // dnsmasq reads as a user without rights.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Paths.Zones);
        File.WriteAllText(Paths.ResolvConf, "");
        _stack = NetworkStack.OpenIn(_host);
        // What the kernel does by itself a little later (IPv6 addresses) would make two listings differ.
        Namespace.RunInNet(_host, () => File.WriteAllText("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
        Cable("eth0", _world, "eth0", "10.66.0.1/24", null);
        int eth0 = _stack.GetLink("eth0").Index;
        _stack.AddAddress(eth0, IpNet.Parse("10.66.0.2/24"));
        _stack.SetUp(_stack.GetLink("lo").Index);
        Until("the cable is in", () => Namespace.RunInNet(_host, () =>
            Tool.Run("ip", "link", "show", "eth0").Output.Contains("state UP", StringComparison.Ordinal)));
        Namespace.RunInNet(_host, () => File.WriteAllText("/proc/sys/net/ipv6/conf/default/disable_ipv6", "0"));
        _stack.AddRoute(new Route(null, IPAddress.Parse("10.66.0.1"), eth0));
    }

    private HostedPaths Paths => new()
    {
        Shared = Path.Combine(_folder, "shared"),
        Dnsmasq = Path.Combine(_folder, "dnsmasq"),
        Leases = Path.Combine(_folder, "leases"),
        ResolvConf = Path.Combine(_folder, "resolv.conf"),
        Zones = Path.Combine(_folder, "zones"),
    };

    [Fact]
    public void Stop_leaves_the_host_as_start_found_it() => OnHost(() =>
    {
        string before = Listing();
        Network().Start(First);
        Assert.NotEqual(before, Listing());
        string started = Made();
        Network().Start(First);
        Assert.Equal(started, Made());
        Assert.Equal("1", Forwards("eth0"));
        Assert.Equal("1", Forwards("lumos0"));
        Assert.Equal("0", Forwards("all"));
        Network().Stop(First);
        Assert.Equal(before, Listing());
        Network().Stop(First);
        Assert.Equal(before, Listing());
    });

    [Fact]
    public void What_others_made_stays_as_it_was() => OnHost(() =>
    {
        _stack.CreateBridge("br0");
        Nft.Apply("table ip filter {\n chain FORWARD {\n type filter hook forward priority filter; policy drop;\n }\n}\n");
        File.WriteAllText("/proc/sys/net/ipv4/conf/eth0/forwarding", "1");
        string before = Listing();
        var config = First with { Tags = [.. First.Tags, new HostedTag { Name = "ext", Bridge = "br0", Existing = true }] };
        Network().Start(config);
        Assert.Contains(_said, s => s.Contains("chain FORWARD of nftables table ip filter", StringComparison.Ordinal));
        Network().Stop(config);
        Assert.Equal(before, Listing());
    });

    [Fact]
    public void What_is_in_the_way_is_told_before_anything_is_made() => OnHost(() =>
    {
        int taken = _stack.CreateBridge("lumos0").Index;
        string before = Listing();
        var config = First with { Tags = [.. Second.Tags.Select(t => t with { Name = "other" }), .. First.Tags] };
        var error = Assert.Throws<LumosException>(() => Network().Start(config));
        Assert.Equal(("NetworkRefused", 96), (error.Code, error.ExitStatus));
        Assert.Contains("a link lumos0 exists already", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Listing());

        _stack.DeleteLink(taken);
        before = Listing();
        config = First with { Tags = [First.Tags[0] with { Subnet = IpNet.Parse("10.66.0.128/25") }] };
        Assert.Contains("eth0 has 10.66.0.2/24", Assert.Throws<LumosException>(() => Network().Start(config)).Message, StringComparison.Ordinal);
        Assert.Equal(before, Listing());
    });

    [Fact]
    public void A_step_that_fails_undoes_those_before_it() => OnHost(() =>
    {
        string before = Listing();
        // Where the switches are to be remembered, there is a file in the way: the last step fails.
        Directory.CreateDirectory(Path.Combine(Paths.Shared, "forwarding.json"));
        Assert.Equal("NetworkNotMade", Assert.Throws<LumosException>(() => Network().Start(First)).Code);
        Assert.Equal(before, Listing());
    });

    [Fact]
    public void Two_roots_stand_side_by_side_and_the_last_one_puts_back_what_was() => OnHost(() =>
    {
        string before = Listing();
        Network().Start(First);
        Network().Start(Second);
        Network().Stop(First);
        Assert.Equal("1", Forwards("eth0"));
        Assert.NotNull(_stack.FindLink("lumos1"));
        Network().Stop(Second);
        Assert.Equal(before, Listing());
        // A root that died without stopping is not waited for.
        Network().Start(First);
        Network().Start(Second);
        _stack.DeleteLink(_stack.GetLink("lumos0").Index);
        Nft.Apply(HostedRules.Gone("default"));
        Network().Stop(Second);
        Assert.Equal(before, Listing());
    });

    [Fact]
    public void A_router_that_others_made_of_the_host_meanwhile_stays_one() => OnHost(() =>
    {
        Network().Start(First);
        File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1");
        Network().Stop(First);
        Assert.Equal("1", Forwards("eth0"));
    });

    [Fact]
    public void Zones_on_the_network_keep_it() => OnHost(() =>
    {
        Network().Start(First);
        string started = Made();
        Cable("lumos0.3.0", _zone, "net0", "172.31.0.10/24", "172.31.0.1", "lumos0");
        Network().Stop(First);
        Assert.Contains(_said, s => s.Contains("lumos0.3.0", StringComparison.Ordinal));
        Assert.NotNull(_stack.FindLink("lumos0"));
        _stack.DeleteLink(_stack.GetLink("lumos0.3.0").Index);
        Assert.Equal(started, Made());
        Network().Stop(First);
        Assert.Null(_stack.FindLink("lumos0"));
    });

    [Fact]
    public void A_zone_reaches_the_world_under_the_hosts_address_and_is_not_reached() => OnHost(() =>
    {
        Network().Start(First);
        Cable("lumos0.3.0", _zone, "net0", "172.31.0.10/24", "172.31.0.1", "lumos0");
        using var server = Namespace.RunInNet(_world, () => Listen("10.66.0.1"));
        using (var client = Namespace.RunInNet(_zone, () => Connect("10.66.0.1", server)))
        using (var accepted = server.AcceptTcpClient())
        {
            Assert.Equal("10.66.0.2", ((IPEndPoint)accepted.Client.RemoteEndPoint!).Address.ToString());
        }
        // The world is told the way in, and is turned away all the same; the host itself gets in.
        using (var world = NetworkStack.OpenIn(_world))
        {
            world.AddRoute(new Route(IpNet.Parse("172.31.0.0/24"), IPAddress.Parse("10.66.0.2")));
        }
        using var inside = Namespace.RunInNet(_zone, () => Listen("172.31.0.10"));
        Assert.Throws<SocketException>(() => Namespace.RunInNet(_world, () => Connect("172.31.0.10", inside)).Dispose());
        Connect("172.31.0.10", inside).Dispose();
    });

    [Fact]
    public void A_zone_gets_a_lease_and_resolves_names_and_static_addresses_are_never_given_out() => OnHost(() =>
    {
        // A subnet with room for three leases, two of which belong to VMs by their configuration.
        var config = First with { Tags = [First.Tags[0] with { Subnet = IpNet.Parse("172.31.0.0/29") }] };
        Zone("a1111111-2222-3333-4444-555555555555", "web1", "172.31.0.4/29", "02:08:20:00:00:04");
        Zone("b1111111-2222-3333-4444-555555555555", "lone", "dhcp", "02:08:20:00:00:aa");
        Network().Start(config);
        var server = new Dnsmasq(Paths, _said.Add);
        try
        {
            Assert.Equal(1, server.Start(config));
            // Made while dnsmasq runs.
            Zone("c1111111-2222-3333-4444-555555555555", "web2", "172.31.0.5/29", "02:08:20:00:00:05");
            server.Refresh(config, "c1111111-2222-3333-4444-555555555555");
            Until("web2 is known", () => Resolve("web2", "172.31.0.1").Contains("172.31.0.5", StringComparison.Ordinal));

            Cable("lumos0.3.0", _zone, "net0", null, null, "lumos0", "02:08:20:00:00:aa");
            string lease = Namespace.RunInNet(_zone, () => Lease("net0"));
            Assert.Equal("ip=172.31.0.6 subnet=255.255.255.248 router=172.31.0.1 dns=172.31.0.1", lease);
            Namespace.RunInNet(_zone, () =>
            {
                Tool.Run("ip", "addr", "add", "172.31.0.6/29", "dev", "net0").OrThrow();
                Tool.Run("ping", "-c", "1", "-W", "5", "172.31.0.1").OrThrow();
                Assert.Contains("172.31.0.4", Resolve("web1", "172.31.0.1"), StringComparison.Ordinal);
                Assert.Contains("172.31.0.6", Resolve("lone", "172.31.0.1"), StringComparison.Ordinal);
            });

            // Other names are asked of the host's name server.
            using (var nameServer = Namespace.RunInNet(_world, () => new UdpClient(new IPEndPoint(IPAddress.Parse("10.66.0.1"), 53))))
            {
                File.WriteAllText(Paths.ResolvConf, "nameserver 10.66.0.1\n");
                server.Refresh(config);
                var asked = nameServer.ReceiveAsync();
                Until("the host's name server is asked", () =>
                {
                    _ = Namespace.RunInNet(_zone, () => Tool.Run("timeout", "1", "busybox", "nslookup", "-type=a", "www.example.org", "172.31.0.1"));
                    return asked.IsCompleted;
                });
                Assert.Contains("example", System.Text.Encoding.ASCII.GetString(asked.Result.Buffer), StringComparison.Ordinal);
            }

            // A VM that is gone gives its address and its name back.
            File.Delete(Path.Combine(Paths.Zones, "a1111111-2222-3333-4444-555555555555.xml"));
            server.Refresh(config, "a1111111-2222-3333-4444-555555555555");
            Until("web1 is forgotten", () => !Resolve("web1", "172.31.0.1").Contains("172.31.0.4", StringComparison.Ordinal));
            Cable("lumos0.4.0", _world, "net0", null, null, "lumos0", "02:08:20:00:00:bb");
            Assert.StartsWith("ip=172.31.0.4 ", Namespace.RunInNet(_world, () => Lease("net0")), StringComparison.Ordinal);

            // Starting again takes the place of the one that is there.
            string first = File.ReadAllText(DnsmasqFiles.Pid(Paths, config.Tags[0]));
            Assert.Equal(1, server.Start(config));
            Assert.NotEqual(first, File.ReadAllText(DnsmasqFiles.Pid(Paths, config.Tags[0])));
        }
        finally
        {
            EndDnsmasq(config);
        }
    });

    [Fact]
    public void Two_dnsmasqs_answer_each_on_its_own_bridge() => OnHost(() =>
    {
        Network().Start(First);
        Network().Start(Second);
        var server = new Dnsmasq(Paths, _said.Add);
        try
        {
            server.Start(First);
            server.Start(Second);
            Cable("lumos0.3.0", _zone, "net0", null, null, "lumos0");
            Cable("lumos1.3.0", _zone, "net1", null, null, "lumos1");
            Assert.StartsWith("ip=172.31.0.", Namespace.RunInNet(_zone, () => Lease("net0")), StringComparison.Ordinal);
            Assert.StartsWith("ip=172.31.1.", Namespace.RunInNet(_zone, () => Lease("net1")), StringComparison.Ordinal);
        }
        finally
        {
            EndDnsmasq(First);
            EndDnsmasq(Second);
        }
    });

    public void Dispose()
    {
        _stack.Dispose();
        _zone.Dispose();
        _world.Dispose();
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private HostedNetwork Network() => new(_stack, Paths, _said.Add);

    private void OnHost(Action test) => Namespace.RunInNet(_host, test);

    /// <summary>All that may not change: links with their details, addresses, routes, rules, switches.</summary>
    private static string Listing() => string.Concat(
        Tool.Run("ip", "-d", "link").OrThrow().Output,
        Tool.Run("ip", "addr").OrThrow().Output,
        Tool.Run("ip", "route", "show", "table", "all").OrThrow().Output,
        Tool.Run("nft", "list", "ruleset").OrThrow().Output,
        Tool.Run("sh", "-c", "cd /proc/sys/net && grep -rs . ipv4/conf ipv6/conf ipv4/ip_forward | sort").OrThrow().Output);

    /// <summary>What is ours, without what the kernel does by itself (carrier).</summary>
    private string Made()
    {
        var link = _stack.GetLink("lumos0");
        return string.Join('\n', [$"{link.Index} {link.Mac} {link.IsUp}", .. _stack.Addresses(link.Index), Tool.Run("nft", "list", "ruleset").OrThrow().Output]);
    }

    private static string Forwards(string link) => File.ReadAllText($"/proc/sys/net/ipv4/conf/{link}/forwarding").Trim();

    /// <summary>A cable from the host to another namespace.</summary>
    private void Cable(string name, FileDescriptor there, string peer, string? address, string? gateway, string? bridge = null, string? mac = null)
    {
        var own = _stack.CreateVeth(name, new VethPeer(peer, mac is null ? null : MacAddress.Parse(mac), there));
        if (bridge is not null)
        {
            _stack.SetMaster(own.Index, _stack.GetLink(bridge).Index);
        }
        _stack.SetUp(own.Index);
        using var other = NetworkStack.OpenIn(there);
        int index = other.GetLink(peer).Index;
        if (address is not null)
        {
            other.AddAddress(index, IpNet.Parse(address));
        }
        other.SetUp(index);
        if (gateway is not null)
        {
            other.AddRoute(new Route(null, IPAddress.Parse(gateway), index));
        }
    }

    private void Zone(string uuid, string alias, string ip, string mac) =>
        File.WriteAllText(Path.Combine(Paths.Zones, uuid + ".xml"), DnsmasqFilesTests.Xml(alias, null, ip, mac));

    private string Lease(string link)
    {
        string script = Path.Combine(_folder, "lease-script");
        File.WriteAllText(script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"ip=$ip subnet=$subnet router=$router dns=$dns\" >\"$0.$interface\"\nexit 0\n");
        File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        Tool.Run("busybox", "udhcpc", "-i", link, "-n", "-q", "-f", "-t", "10", "-T", "1", "-s", script).OrThrow();
        return File.ReadAllText($"{script}.{link}").Trim();
    }

    private static string Resolve(string name, string server) => Tool.Run("busybox", "nslookup", "-type=a", name, server).Output;

    private static TcpListener Listen(string address)
    {
        var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        return listener;
    }

    private static TcpClient Connect(string address, TcpListener to)
    {
        var client = new TcpClient(AddressFamily.InterNetwork);
        try
        {
            client.Connect(IPAddress.Parse(address), ((IPEndPoint)to.LocalEndpoint).Port);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static void Until(string what, Func<bool> condition)
    {
        long deadline = Environment.TickCount64 + 10_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, $"not within 10 s: {what}");
            Thread.Sleep(50);
        }
    }

    private void EndDnsmasq(HostedConfig config)
    {
        foreach (var tag in config.Tags)
        {
            string file = DnsmasqFiles.Pid(Paths, tag);
            if (File.Exists(file))
            {
                string pid = File.ReadAllText(file).Trim();
                _ = Tool.Run("kill", pid);
                Until("dnsmasq has ended", () => !Directory.Exists($"/proc/{pid}"));
            }
        }
    }
}
