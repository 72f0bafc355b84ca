using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The volume from which cloud-init learns of its VM, as a guest finds it.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class MachineSeedHostTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Theory]
    [InlineData("bhyve")]
    [InlineData("kvm")]
    public void A_guest_finds_it_by_its_label_reads_it_and_cannot_write_to_it(string brand)
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = HostedVm.Of(_root, new JsonObject
        {
            ["brand"] = brand, ["alias"] = "seeded", ["hostname"] = "seeded", ["ram"] = 128,
            ["disks"] = new JsonArray(new JsonObject { ["image_uuid"] = image.Uuid, ["boot"] = true, ["model"] = "virtio" }),
            ["internal_metadata"] = new JsonObject { ["cloudinit_datasource"] = "nocloud" },
            ["customer_metadata"] = new JsonObject { ["cloud-init:user-data"] = "#cloud-config\nfirst: true\n" },
        });
        var guest = new MachineGuest(_root, vm);
        Assert.Contains($" disk.vdb={16 << 20} ", guest.Ready(boots: 1));
        Assert.Equal("CIDATA", guest.Ask("dd if=/dev/vdb bs=1 skip=43 count=6 2>/dev/null | cat"));
        Assert.Equal("first: true", guest.Ask(Found("vdb", "first:.true")));
        Assert.Equal("local-hostname: \"seeded\"", guest.Ask(Found("vdb", "local-hostname.*")));
        Assert.Equal("1", guest.Ask("cat /sys/block/vdb/ro"));
        Assert.NotEqual("written", guest.Ask("echo x >/dev/vdb && echo written"));

        // A change is there at the next boot; a disk of the VM's own comes before it.
        vm.Vmadm("stop", "-F").OrThrow();
        vm.Update("""{"set_customer_metadata": {"cloud-init:user-data": "#cloud-config\nsecond: true\n"}, "add_disks": [{"size": 24, "model": "virtio"}]}""").OrThrow();
        vm.Vmadm("start").OrThrow();
        guest.Ready(boots: 2);
        Assert.Equal("second: true", guest.Ask(Found("vdc", "second:.true")));
        Assert.Equal(2, vm.Get()["disks"]!.AsArray().Count);
    }

    /// <summary>A command that prints what of the volume's head matches.</summary>
    private static string Found(string disk, string pattern) => $"dd if=/dev/{disk} bs=64k count=2 2>/dev/null | tr -d \\\\000 | grep -o {pattern}";
}
