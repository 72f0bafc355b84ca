using System.Net;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Netlink;
using Lumos.Network.Actions;
using Lumos.Network.Model;
using Xunit;

namespace Lumos.Network.Tests;

/// <summary>The steps against the kernel, in a network namespace of the test's own.</summary>
[Trait("level", "host")]
public sealed class LinuxNetworkHostTests : IDisposable
{
    private static readonly NetworkSpec Spec = new()
    {
        AdminTag = "admin",
        Tags = [new NicTag("stub0", null, 9000)],
        Addresses = [new HostAddress("stub0", false, IpNet.Parse("10.9.0.5/24"), false, IpNet.Parse("fd00:9::5/64"))],
        Gateway = IPAddress.Parse("10.9.0.1"),
    };

    private readonly FileDescriptor _namespace = Namespace.CreateNet();
    private readonly NetworkStack _stack;

    public LinuxNetworkHostTests() => _stack = NetworkStack.OpenIn(_namespace);

    [Fact]
    public void A_plan_is_carried_out_and_the_second_one_has_nothing_left_to_make() => Namespace.RunInNet(_namespace, () =>
    {
        var host = new LinuxNetworkHost(_stack);
        Assert.Empty(Apply(host));
        var stub = Assert.Single(host.Links(), l => l.Name == "stub0");
        Assert.Equal(("bridge", true, 9000), (stub.Kind, stub.IsUp, stub.Mtu));
        Assert.Contains(IpNet.Parse("10.9.0.5/24"), stub.Addresses);
        Assert.Contains(IpNet.Parse("fd00:9::5/64"), stub.Addresses);
        Assert.Contains(_stack.Routes(), r => r.Destination is null && r.Gateway?.ToString() == "10.9.0.1");

        Assert.All(NetworkPlan.Make(Spec, host.Links()).Steps, s => Assert.True(s is NetworkStep.Autoconf or NetworkStep.DefaultRoute, s.ToString()));
        Assert.Empty(Apply(host));

        host.DeleteDefaultRoute(IPAddress.Parse("10.9.0.1"), "stub0");
        Assert.DoesNotContain(_stack.Routes(), r => r.Destination is null && r.Gateway?.ToString() == "10.9.0.1");
        host.DeleteAddress("stub0", IpNet.Parse("10.9.0.5/24"));
        Assert.DoesNotContain(IpNet.Parse("10.9.0.5/24"), host.Links().First(l => l.Name == "stub0").Addresses);
    });

    [Fact]
    public void A_link_joins_its_bridge() => Namespace.RunInNet(_namespace, () =>
    {
        _stack.CreateVeth("cable", new VethPeer("other"));
        var host = new LinuxNetworkHost(_stack);
        host.MakeBridge("net0", MacAddress.Parse("52:54:00:00:00:01"));
        host.Join("cable", "net0");
        Assert.Equal("net0", host.Links().First(l => l.Name == "cable").Master);
        Assert.Equal(MacAddress.Parse("52:54:00:00:00:01"), host.Links().First(l => l.Name == "net0").Mac);
    });

    [Fact]
    public void A_step_that_cannot_be_taken_is_named_and_the_others_follow() => Namespace.RunInNet(_namespace, () =>
    {
        var host = new LinuxNetworkHost(_stack);
        var plan = new NetworkPlan(
            [new NetworkStep.Join("missing", "nowhere"), new NetworkStep.MakeBridge("stub1", null), new NetworkStep.SetUp("stub1")], [], false);
        string failure = Assert.Single(new NetworkApplier(host, new NoLeases(), _ => { }).Apply(plan));
        Assert.Contains("put missing on bridge nowhere", failure, StringComparison.Ordinal);
        Assert.True(host.Links().First(l => l.Name == "stub1").IsUp);
    });

    public void Dispose()
    {
        _stack.Dispose();
        _namespace.Dispose();
    }

    private static IReadOnlyList<string> Apply(LinuxNetworkHost host) =>
        new NetworkApplier(host, new NoLeases(), _ => { }).Apply(NetworkPlan.Make(Spec, host.Links()));
}
