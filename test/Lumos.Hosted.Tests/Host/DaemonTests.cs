using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Daemons killed under running zones: the zones run on, and everything answers again.</summary>
[Trait("level", "host")]
public sealed class DaemonTests(SharedRoot shared) : HostedTest(shared, daemonsStay: false), IClassFixture<SharedRoot>
{
    private readonly HostedRoot _root = shared.Root;

    [Theory]
    [InlineData("startd")]
    [InlineData("svc/system-smartdc-vminfod:default")]
    [InlineData("svc/system-smartdc-vmadmd:default")]
    [InlineData("svc/network-dhcp-server:default")]
    public void A_killed_daemon_comes_back_and_zones_run_on(string group)
    {
        using var vm = HostedVm.Native(_root);
        int pid = vm.Pid;
        var killed = Processes(group);
        Assert.NotEmpty(killed);
        _root.Run(["kill", "-9", .. killed]).OrThrow();
        Wait.For("another process in " + group, () => Processes(group).Except(killed).Any());
        AllIsWell(vm, pid);
    }

    [Fact]
    public void A_killed_supervisor_leaves_zones_alone_until_up_starts_another()
    {
        using var vm = HostedVm.Native(_root);
        int pid = vm.Pid, supervisor = _root.Supervisor;
        _root.Run(["kill", "-9", $"{supervisor}"]).OrThrow();
        Wait.For("its end", () => (string?)JsonNode.Parse(_root.Host("status", "--json").Output)!["state"] == "orphaned");
        Assert.Contains("orphaned", _root.Host("status").OrThrow().Output);
        Assert.Equal("still", vm.Zlogin("echo still").OrThrow().Output.Trim());

        _root.Up().OrThrow();
        Assert.NotEqual(supervisor, _root.Supervisor);
        AllIsWell(vm, pid);
    }

    /// <summary>The zone is the one it was, and a daemon's whole work can be done.</summary>
    private void AllIsWell(HostedVm vm, int pid)
    {
        // One that was killed is reached again a moment after it is there again.
        Wait.For("svc.startd", () => _root.Command("svcs", "-aH").Succeeded);
        Wait.For("all services", () => _root.Services().All(s => s.Value is "online" or "disabled"));
        Assert.Equal(pid, vm.Pid);
        Assert.Equal("running", vm.State);
        Assert.Equal("here", vm.Zlogin("echo here").OrThrow().Output.Trim());
        using var another = HostedVm.Native(_root, new JsonObject { ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }) });
        Wait.For("a lease", () => another.Zlogin("ip -4 -o addr show dev net0").Output.Contains("inet ", StringComparison.Ordinal));
    }

    private string[] Processes(string group)
    {
        string file = _root.Inside($"/sys/fs/cgroup/{group}/cgroup.procs");
        return File.Exists(file) ? File.ReadAllLines(file) : [];
    }
}
