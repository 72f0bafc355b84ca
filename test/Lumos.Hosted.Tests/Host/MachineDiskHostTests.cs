using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Disks of hardware VMs as their guests see them: made, added, grown, removed, gone back to, sent.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class MachineDiskHostTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void Disks_come_grow_and_go_and_the_guest_knows_each_by_its_place()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        string raw = Path.Combine(HostedRoot.Temporary, "raw.img"), media = Path.Combine(HostedRoot.Temporary, "media.iso");
        File.WriteAllBytes(raw, [.. "raw file"u8, .. new byte[(3 << 20) - 8]]);
        File.WriteAllBytes(media, new byte[2048 * 64]);
        using var vm = Machine(image, $$"""{"size": 64, "refreservation": 0, "guest_block_size": "512/4096"}, {"path": "{{raw}}", "nocreate": true, "notrim": true}, {"path": "{{media}}", "media": "cdrom"}""");
        var guest = new MachineGuest(_root, vm);
        string facts = guest.Ready(boots: 1);
        Assert.Contains($" disk.vda={40 << 20} disk.vdb={64 << 20} disk.vdc={3 << 20} ", facts);
        Assert.Equal("raw file", guest.Ask("head -c 8 /dev/vdc"));
        Assert.Equal("4096 512 0", guest.Ask("echo $(cat /sys/block/vdb/queue/physical_block_size /sys/block/vdb/queue/logical_block_size /sys/block/vdc/queue/discard_max_bytes)"));
        Assert.Equal("0000:00:04.0 0000:00:04.1 0000:00:04.2", guest.Ask("echo $(for n in a b c; do basename $(readlink -f /sys/block/vd$n/device/..); done)"));

        // The guest that runs is told.
        string disk1 = Path_(vm, 1);
        vm.Update($$"""{"update_disks": [{"path": "{{disk1}}", "size": 96}]}""").OrThrow();
        Assert.Equal($"{96 << 11}", guest.Ask("cat /sys/block/vdb/size"));
        Assert.Equal(96, (int)vm.Get()["disks"]![1]!["size"]!);
        Assert.Contains("needs the VM stopped", vm.Update("""{"add_disks": [{"size": 8}]}""").ErrorOutput);
        guest.Ask("echo kept | dd of=/dev/vdb bs=512 seek=180000 conv=notrunc,fsync");

        vm.Vmadm("stop", "-F").OrThrow();
        vm.Update($$"""{"add_disks": [{"size": 16, "pci_slot": "0:9:3"}, {"image_uuid": "{{image.Uuid}}"}], "remove_disks": ["{{raw}}"]}""").OrThrow();
        vm.Vmadm("start").OrThrow();
        facts = guest.Ready(boots: 2);
        Assert.Equal("0000:00:09.3", guest.Ask($"for block in /sys/block/vd*; do [ $(cat $block/size) != {16 << 11} ] || basename $(readlink -f $block/device/..); done"));
        Assert.Equal("kept", guest.Ask("dd if=/dev/vdb bs=512 skip=180000 count=1 2>/dev/null | head -c 4"));
        Assert.StartsWith("raw file", File.ReadAllText(raw)[..8]);

        vm.Vmadm("stop", "-F").OrThrow();
        Assert.Contains("would cut off its end", vm.Update($$"""{"update_disks": [{"path": "{{disk1}}", "size": 32}]}""").ErrorOutput);
        vm.Update($$"""{"update_disks": [{"path": "{{disk1}}", "size": 32, "dangerous_allow_shrink": true}], "remove_disks": ["{{Path_(vm, 2)}}"]}""").OrThrow();
        Assert.Equal(32 << 11, Sectors(vm, "disk1"));
        Assert.False(File.Exists(_root.Inside(Path_(vm, 2))));
        vm.Vmadm("delete").OrThrow();
        Assert.True(File.Exists(raw));
        Assert.False(Directory.Exists(_root.Inside($"/dev/zvol/zones/{vm.Uuid}")));
    }

    [Fact]
    public void A_rollback_takes_a_guest_back_to_what_it_had_on_all_its_disks()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(image, """{"size": 16}""");
        var guest = new MachineGuest(_root, vm);
        guest.Ready(boots: 1);
        guest.Ask("echo before | dd of=/dev/vdb conv=notrunc,fsync");
        vm.Vmadm("create-snapshot", "one").OrThrow();
        Assert.Equal("one", (string?)vm.Get()["snapshots"]![0]!["name"]);
        guest.Ask("echo behind | dd of=/dev/vdb conv=notrunc,fsync");
        vm.Vmadm("reboot", "-F").OrThrow();
        guest.Ready(boots: 2);
        vm.Vmadm("stop", "-F").OrThrow();
        vm.Update("""{"add_disks": [{"size": 8}]}""").OrThrow();
        vm.Vmadm("rollback-snapshot", "one").OrThrow();
        // The boot that the snapshot had counted is counted once more.
        Assert.DoesNotContain("disk.vdc", guest.Ready(boots: 2));
        Assert.Equal("before", guest.Ask("head -c 6 /dev/vdb"));
        vm.Vmadm("delete-snapshot", "one").OrThrow();
        Assert.Empty(vm.Get()["snapshots"]!.AsArray());
    }

    [Fact]
    public void It_is_sent_to_another_machine_with_its_disks()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(image, """{"size": 16, "model": "virtio"}""");
        var guest = new MachineGuest(_root, vm);
        guest.Ready(boots: 1);
        guest.Ask("echo carried | dd of=/dev/vdb conv=notrunc,fsync");
        string stream = Path.Combine(HostedRoot.Temporary, "machine.stream");
        _root.Run(["sh", "-c", $"'{_root.Program("vmadm")}' send {vm.Uuid} >'{stream}'"]).OrThrow();
        var before = vm.Get()["disks"]!;
        vm.Vmadm("delete").OrThrow();
        _root.Run(["sh", "-c", $"'{_root.Program("vmadm")}' receive <'{stream}'"]).OrThrow();
        File.Delete(stream);
        vm.Vmadm("install").OrThrow();
        Assert.Equal("running", vm.State);
        guest.Ready(boots: 2);
        Assert.Equal("carried", guest.Ask("head -c 7 /dev/vdb"));
        Assert.Equal(before.AsArray().Select(disk => ((string)disk!["path"]!, (int)disk["size"]!, (string)disk["uuid"]!)), vm.Get()["disks"]!.AsArray().Select(disk => ((string)disk!["path"]!, (int)disk["size"]!, (string)disk["uuid"]!)));
    }

    private HostedVm Machine(BuiltImage image, string more) => HostedVm.Of(_root, new JsonObject
    {
        ["brand"] = "bhyve", ["alias"] = "machine", ["ram"] = 128, ["vcpus"] = 1,
        ["disks"] = JsonNode.Parse($$"""[{"image_uuid": "{{image.Uuid}}", "boot": true}, {{more}}]"""),
    });

    private static string Path_(HostedVm vm, int n) => $"/dev/zvol/zones/{vm.Uuid}/disk{n}";

    private int Sectors(HostedVm vm, string disk) => int.Parse(File.ReadAllText(
        $"/sys/block/{Path.GetFileName(new FileInfo(_root.Inside($"/dev/zvol/zones/{vm.Uuid}/{disk}")).LinkTarget!)}/size"), System.Globalization.CultureInfo.InvariantCulture);
}
