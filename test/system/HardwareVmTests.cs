using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>A hardware virtual machine on the live image, on ZFS: the platform's own QEMU and firmware, a volume cloned from an image, a cable on the machine's network.</summary>
[Collection("06 lifecycle")]
public sealed class HardwareVmTests(Suite suite) : MachineTest(suite)
{
    [Fact]
    public void A_guest_boots_from_a_clone_asks_for_its_metadata_and_goes_down_when_asked()
    {
        const string brand = "bhyve", model = "virtio";
        var image = TinyImage();
        var payload = new JsonObject
        {
            ["brand"] = brand, ["alias"] = "guest-" + brand, ["hostname"] = "guest-" + brand, ["ram"] = 128, ["vcpus"] = 1, ["vnc_port"] = 5905,
            ["disks"] = new JsonArray(new JsonObject { ["image_uuid"] = $"{image}", ["boot"] = true, ["model"] = model }, new JsonObject { ["size"] = 64, ["model"] = "virtio" }),
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true, ["model"] = "virtio" }),
        };
        var vm = Zone.Create(payload);
        string facts = Ready(vm);
        Assert.Contains($" hostname=guest-{brand} ", facts);
        Assert.Contains($" uuid={vm} ", facts);
        Assert.Matches(@" nic\.eth0=[0-9a-f:]+ 10\.0\.2\.\d+/24 ", facts); // a lease of the network's own server

        Assert.Equal($"zones/{image}@final", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "origin", $"zones/{vm}/disk0")));
        var info = JsonNode.Parse(Ok(Zone.Run("vmadm", "info", $"{vm}", "status,vnc")))!;
        Assert.Equal("running", (string?)info["status"]!["status"]);
        Assert.Equal(5905, (int)info["vnc"]!["port"]!);
        Assert.Equal("10.0.2.15", (string?)info["vnc"]!["host"]);
        string greeting = Ok(Zone.Shell("exec 3<>/dev/tcp/10.0.2.15/5905; head -c 12 <&3"));
        Assert.StartsWith("RFB 003.", greeting);
        Assert.Equal(Ok(Zone.Shell("[ -e /dev/kvm ] && echo kvm || echo tcg")), (string?)Zone.Get(vm)!["accelerator"]);

        Ok(Zone.Run("vmadm", "stop", $"{vm}"));
        Assert.Contains("tiny: going down", Console(vm));
        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        Assert.Equal("", Ok(Zone.Run("sh", "-c", $"zfs list -H -o name | grep {vm} || true")));
        AssertConsistent();
    }
}
