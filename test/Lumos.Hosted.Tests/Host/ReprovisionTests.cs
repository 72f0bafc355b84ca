using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>A fresh root for a zone, on datasets of btrfs.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class ReprovisionTests(SharedRoot shared) : HostedTest(shared)
{
    internal const string Payload = $$"""{"image_uuid": "{{TestImages.Native}}"}""";

    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void The_root_is_new_and_the_zone_the_same_one()
    {
        using var vm = Dirty(_root);
        var before = vm.Get();
        var run = Reprovision(vm).OrThrow();
        Assert.Equal($"Successfully reprovisioned VM {vm.Uuid}\n", run.ErrorOutput);
        AssertFresh(vm);
        Assert.Equal("fresh", vm.Zlogin("hostname").OrThrow().Output.Trim());
        Assert.Equal("value", vm.Zlogin("mdata-get key").OrThrow().Output.Trim());
        var after = vm.Get();
        foreach (string name in (string[])["boot_timestamp", "last_modified", "zoneid", "pid"])
        {
            before.Remove(name);
            after.Remove(name);
        }
        Assert.Equal(before.ToJsonString(), after.ToJsonString());

        vm.Vmadm("stop").OrThrow();
        _root.Feed(Payload, "vmadm", "reprovision", "--keep-state", vm.Uuid).OrThrow();
        Assert.Equal("stopped", vm.State);
        vm.Vmadm("start").OrThrow();
        AssertFresh(vm);
    }

    [Fact]
    public void A_refusal_leaves_the_zone_alone()
    {
        using var vm = Dirty(_root);
        int pid = vm.Pid;
        var run = _root.Feed("""{"image_uuid": "5a7e0000-0000-4000-8000-00000000dead"}""", "vmadm", "reprovision", vm.Uuid);
        Assert.NotEqual(0, run.Status);
        Assert.Contains("imgadm import 5a7e0000-0000-4000-8000-00000000dead", run.ErrorOutput);
        Assert.Equal(pid, vm.Pid);
        vm.Zlogin("test -e /root/dirt").OrThrow();
    }

    internal static HostedVm Dirty(HostedRoot root)
    {
        var vm = HostedVm.Native(root, new JsonObject
        {
            ["hostname"] = "fresh", ["customer_metadata"] = new JsonObject { ["key"] = "value" },
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
        });
        vm.Zlogin("touch /root/dirt").OrThrow();
        return vm;
    }

    private Drivers.Tools.ToolResult Reprovision(HostedVm vm) => _root.Feed(Payload, "vmadm", "reprovision", vm.Uuid);

    private static void AssertFresh(HostedVm vm)
    {
        Assert.Equal("running", vm.State);
        Assert.NotEqual(0, vm.Zlogin("test -e /root/dirt").Status);
    }
}

/// <summary>The same, killed in the middle; vmadmd takes it up.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class KilledReprovisionTests(SharedRoot shared) : HostedTest(shared, daemonsStay: false)
{
    private readonly HostedRoot _root = shared.Root;

    /// <summary>The client is killed after ever more time; what it left is undone or finished by who comes next.</summary>
    [Fact]
    public void A_client_that_is_killed_leaves_the_old_root_or_the_new_one()
    {
        using var vm = ReprovisionTests.Dirty(_root);
        int fresh = 0;
        for (double seconds = 0.01; fresh < 2; seconds *= 1.25)
        {
            _ = _root.Run(["timeout", "-s", "KILL", $"{seconds:0.000}", _root.Program("vmadm"), "reprovision", vm.Uuid], ReprovisionTests.Payload);
            // Whoever takes the lock next does the rest first; so does vmadmd, which may be at it.
            vm.Vmadm("update", "alias=" + Guid.NewGuid()).OrThrow();
            Wait.For("the zone to be up", () => vm.State == "running");
            Assert.Equal("fresh", vm.Zlogin("hostname").OrThrow().Output.Trim());
            bool old = vm.Zlogin("test -e /root/dirt").Status == 0;
            Assert.DoesNotContain("reprovisioning", string.Join(' ', Directory.EnumerateDirectories(_root.Inside("/zones"))));
            if (!old)
            {
                fresh++;
                vm.Zlogin("touch /root/dirt").OrThrow();
            }
            Assert.True(seconds < 60, "it never came to its end");
        }
    }
}
