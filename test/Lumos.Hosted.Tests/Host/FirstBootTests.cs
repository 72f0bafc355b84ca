using System.Diagnostics;
using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>What may be done to a VM while its first boot goes on and is waited for.</summary>
[Trait("level", "host")]
public sealed class FirstBootTests(SharedRoot shared) : HostedTest(shared), IClassFixture<SharedRoot>
{
    private readonly HostedRoot _root = shared.Root;

    /// <summary>Those who wait for the first boot hold nothing of the zone, so its dataset can be unmounted.</summary>
    [Fact]
    public void A_VM_in_its_first_boot_is_deleted_at_once()
    {
        string uuid = Guid.NewGuid().ToString();
        var payload = new JsonObject
        {
            ["uuid"] = uuid,
            ["brand"] = "joyent",
            ["image_uuid"] = TestImages.Native,
            ["ram"] = 128,
            ["quota"] = 1,
            ["customer_metadata"] = new JsonObject { ["user-script"] = "#!/bin/sh\nsleep 600\n" },
        };
        ToolResult? created = null;
        var maker = new Thread(() => created = _root.Feed(payload.ToJsonString(), "vmadm", "create"));
        maker.Start();
        Wait.For("the first boot", () => _root.Command("vmadm", "list", "-H", "-p", "-o", "state,pid", "uuid=" + uuid).OrThrow().Output.Trim() is var line
            && line.StartsWith("provisioning:", StringComparison.Ordinal) && line.Length > "provisioning:".Length && !line.EndsWith(":0", StringComparison.Ordinal) && !line.EndsWith(":-", StringComparison.Ordinal));
        var clock = Stopwatch.StartNew();
        _root.Command("vmadm", "delete", uuid).OrThrow();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), $"it took {clock.Elapsed.TotalSeconds:0.0} s");
        maker.Join();
        Assert.False(created!.Succeeded, created.Output + created.ErrorOutput);
        Assert.Equal("", _root.Command("vmadm", "lookup", "uuid=" + uuid).OrThrow().Output);
    }
}
