using System.Text.Json.Nodes;
using Lumos.Testing;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>A hardware virtual machine on the live image, on ZFS: the platform's own QEMU and firmware, a volume cloned from an image, a cable on the machine's network.</summary>
[Collection("06 lifecycle"), Trait("level", "release")] // minutes each where this machine is emulated; host tests hold the same on btrfs
public sealed class HardwareVmTests(Suite suite) : MachineTest(suite)
{
    /// <summary>With a kernel, which takes four minutes where this machine is emulated itself.</summary>
    [Fact]
    public void A_guest_asks_for_its_metadata_and_goes_down_when_asked()
    {
        var vm = Zone.Create(Payload(autoboot: true));
        string facts = Ready(vm);
        Assert.Contains(" hostname=guest ", facts);
        Assert.Contains($" uuid={vm} ", facts);
        Assert.Matches(@" nic\.eth0=[0-9a-f:]+ 10\.0\.2\.\d+/24 ", facts); // a lease of the network's own server
        Ok(Zone.Run("vmadm", "stop", $"{vm}"));
        Assert.Contains("tiny: going down", Console(vm));
        Gone(vm);
    }

    [Fact]
    public void A_guest_boots_from_a_clone_and_its_screen_is_seen()
    {
        var vm = Zone.Create(Payload(autoboot: false));
        PutCounter(vm);
        Ok(Zone.Run("vmadm", "start", $"{vm}"));
        WaitForLine(vm, InstallMedium.DiskBooted(1));
        Assert.Equal($"zones/{Suite.ImageUuid("tiny")}@final", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "origin", $"zones/{vm}/disk0")));
        var info = JsonNode.Parse(Ok(Zone.Run("vmadm", "info", $"{vm}", "status,vnc")))!;
        Assert.Equal("running", (string?)info["status"]!["status"]);
        Assert.Equal(5905, (int)info["vnc"]!["port"]!);
        Assert.Equal("10.0.2.15", (string?)info["vnc"]!["host"]);
        string greeting = Ok(Zone.Shell("exec 3<>/dev/tcp/10.0.2.15/5905; head -c 12 <&3"));
        Assert.StartsWith("RFB 003.", greeting);
        Assert.StartsWith("https://10.0.2.15:", Ok(Zone.Run("vmadm", "console", "--web", $"{vm}")));
        var shown = Zone.Get(vm)!;
        Assert.Equal(Ok(Zone.Shell("[ -e /dev/kvm ] && echo kvm || echo tcg")), (string?)shown["accelerator"]);
        Assert.Equal("running", (string?)shown["run_state"]);
        Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
        Gone(vm);
    }

    private JsonObject Payload(bool autoboot) => new()
    {
        ["brand"] = "bhyve", ["alias"] = "guest", ["hostname"] = "guest", ["ram"] = 128, ["vcpus"] = 1, ["vnc_port"] = 5905, ["autoboot"] = autoboot,
        ["disks"] = new JsonArray(new JsonObject { ["image_uuid"] = $"{TinyImage()}", ["boot"] = true, ["model"] = "virtio" }, new JsonObject { ["size"] = 64, ["model"] = "virtio" }),
        ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true, ["model"] = "virtio" }),
    };

    private void Gone(Guid vm)
    {
        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        Assert.Equal("", Ok(Zone.Run("sh", "-c", $"zfs list -H -o name | grep {vm} || true")));
        AssertConsistent();
    }
}
