using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>A zone that has used up its quota: whatever is done to it works, or says what would make it work.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class FullZoneTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void It_can_be_stopped_started_rebooted_given_room_and_deleted()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["quota"] = 1 });
        Fill(vm);
        vm.Vmadm("reboot").OrThrow();
        vm.Vmadm("stop").OrThrow();
        vm.Vmadm("start").OrThrow();
        Assert.Equal("alive", vm.Zlogin("echo alive").OrThrow().Output.Trim());
        vm.Vmadm("update", "alias=full", "cpu_cap=50").OrThrow(); // kept elsewhere

        // What is kept in its dataset: it is so, or the way out is told and nothing has changed.
        OrTold(vm, () => _root.Feed("""{"set_tags": {"a": "b"}}""", "vmadm", "update", vm.Uuid), () => vm.Get()["tags"]!.AsObject().Count == 1);
        OrTold(vm, () => vm.Vmadm("create-snapshot", "s"), () => vm.Get()["snapshots"]!.AsArray().Count == 1);

        _root.Feed("""{"quota": 2, "set_tags": {"c": "d"}}""", "vmadm", "update", vm.Uuid).OrThrow();
        Assert.Equal("d", (string?)vm.Get()["tags"]!["c"]);
        vm.Vmadm("create-snapshot", "roomy").OrThrow();
        vm.Zlogin("rm -f /root/big* /root/most; sync /root").OrThrow();
        vm.Vmadm("rollback-snapshot", "roomy").OrThrow();
        Assert.Equal("running", vm.State);
        vm.Vmadm("delete").OrThrow();
    }

    private static void OrTold(HostedVm vm, Func<Lumos.Drivers.Tools.ToolResult> act, Func<bool> done)
    {
        var run = act();
        Assert.Equal(run.Succeeded, done());
        if (!run.Succeeded)
        {
            Assert.Contains($"\"vmadm update {vm.Uuid} quota=N\" gives it more", run.ErrorOutput, StringComparison.Ordinal);
        }
    }

    // Most of it without writing, to be quick; then to the last block.
    private static void Fill(HostedVm vm)
    {
        vm.Zlogin("fallocate -l 900M /root/most").OrThrow();
        foreach (string block in new[] { "1M", "4k" })
        {
            Assert.NotEqual(0, vm.Zlogin($"dd if=/dev/urandom of=/root/big{block} bs={block} count=30000 && sync /root/big{block}").Status);
        }
        vm.Zlogin("sync /root");
    }
}
