using System.Text.Json.Nodes;
using Lumos.Testing;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Disks of a hardware virtual machine as volumes of ZFS: as they are made, changed, snapshotted, sent, and gone.</summary>
[Collection("06 lifecycle"), Trait("level", "release")] // minutes each where this machine is emulated; host tests hold the same on btrfs
public sealed class MachineDiskTests(Suite suite) : MachineTest(suite)
{
    private const string Tank = "tank", TankFile = "/var/tmp/tank.img", Media = "/var/tmp/media.iso", Stream = "/var/tmp/machine.stream";

    [Fact]
    public void Volumes_are_as_their_disks_say_and_go_with_them()
    {
        var image = TinyImage();
        Ok(Zone.Shell($"truncate -s 512M {TankFile} && zpool create -O mountpoint=none {Tank} {TankFile} && head -c 65536 /dev/zero >{Media}"));
        try
        {
            var vm = Zone.Create(Payload(image, $$"""
                {"size": 64, "block_size": 4096, "compression": "lz4"}, {"size": 32, "refreservation": 0}, {"size": 16, "zpool": "{{Tank}}"}, {"path": "{{Media}}", "media": "cdrom"}
                """, autoboot: false));
            Assert.Equal((64L << 20, 64L << 20, 4096L), (Number(vm, "disk1", "volsize"), Number(vm, "disk1", "refreservation"), Number(vm, "disk1", "volblocksize")));
            Assert.Equal("lz4", Property(vm, "disk1", "compression"));
            Assert.Equal(0, Number(vm, "disk2", "refreservation"));
            Assert.Equal($"zones/{image}@final", Property(vm, "disk0", "origin"));
            Assert.Equal(Number(vm, "disk0", "volsize"), Number(vm, "disk0", "refreservation"));
            Assert.Equal(16 << 20, long.Parse(Ok(Zone.Run("zfs", "get", "-Hpo", "value", "volsize", $"{Tank}/{vm}-disk0")), System.Globalization.CultureInfo.InvariantCulture));

            Update(vm, $$"""{"update_disks": [{"path": "/dev/zvol/zones/{{vm}}/disk1", "size": 48, "dangerous_allow_shrink": true}, {"path": "/dev/zvol/zones/{{vm}}/disk2", "size": 40, "refreservation": 40}]}""");
            Assert.Equal((48L << 20, 48L << 20, 40L << 20, 40L << 20),
                (Number(vm, "disk1", "volsize"), Number(vm, "disk1", "refreservation"), Number(vm, "disk2", "volsize"), Number(vm, "disk2", "refreservation")));
            Assert.Contains($"would be left out of \"vmadm create-snapshot\": /dev/zvol/{Tank}/{vm}-disk0", Fails(1, Zone.Run("vmadm", "create-snapshot", $"{vm}", "one")));
            Update(vm, $$"""{"flexible_disk_size": 300, "add_disks": [{"image_uuid": "{{image}}", "size": 100}], "remove_disks": ["/dev/zvol/zones/{{vm}}/disk2", "/dev/zvol/{{Tank}}/{{vm}}-disk0"]}""");
            Assert.Equal("", Ok(Zone.Shell($"zfs list -Ho name | grep -E '{vm}.*disk2|^{Tank}/' || true")));
            Assert.Equal((100L << 20, 100L << 20), (Number(vm, "disk3", "volsize"), Number(vm, "disk3", "refreservation")));
            Assert.Equal(300 - 100 - 48 - (int)(Number(vm, "disk0", "volsize") >> 20), (int)Zone.Get(vm)!["free_space"]!);
            Assert.Contains("pool zones has", Fails(1, Zone.RunWith("""{"add_disks": [{"size": 900000}]}""", "vmadm", "update", $"{vm}")));
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
            Assert.Equal("", Ok(Zone.Shell($"zfs list -Ho name | grep {vm} || true")));
        }
        finally
        {
            Ok(Zone.Shell($"zpool destroy {Tank}; rm -f {TankFile} {Media}"));
        }
        AssertConsistent();
    }

    [Fact]
    public void A_guest_goes_back_to_a_snapshot_and_on_elsewhere_with_its_disks()
    {
        var image = TinyImage();
        var vm = Zone.Create(Payload(image, """{"size": 64}""", autoboot: false));
        PutCounter(vm);
        Ok(Zone.Run("vmadm", "start", $"{vm}"));
        WaitForLine(vm, InstallMedium.DiskBooted(1));
        Update(vm, $$"""{"update_disks": [{"path": "/dev/zvol/zones/{{vm}}/disk1", "size": 96}]}""");
        Assert.Equal(96 << 20, Number(vm, "disk1", "volsize"));
        Assert.Contains($"{96 << 20}", Ok(Zone.Run("vmadm", "info", $"{vm}", "block")));
        Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "one"));
        Assert.Equal(3, Lines(Ok(Zone.Run("zfs", "list", "-Ho", "name", "-t", "snapshot", "-r", $"zones/{vm}"))).Count(name => name.EndsWith("@vmsnap-one", StringComparison.Ordinal)));
        Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
        WaitForLine(vm, InstallMedium.DiskBooted(2));
        Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
        WaitForLine(vm, InstallMedium.DiskBooted(3));
        Ok(Zone.Run("vmadm", "rollback-snapshot", $"{vm}", "one"));
        WaitForLine(vm, InstallMedium.DiskBooted(2)); // counted once more: what the guest had said since went back, too
        Assert.DoesNotContain(InstallMedium.DiskBooted(3), Console(vm));

        // A sector hears no power button, for which a send would wait its time.
        Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
        Ok(Zone.Shell($"vmadm send {vm} >{Stream}"));
        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        Ok(Zone.Shell($"vmadm receive <{Stream} && rm {Stream}"));
        Ok(Zone.Run("vmadm", "install", $"{vm}"));
        Ok(Zone.Run("vmadm", "start", $"{vm}"));
        WaitForLine(vm, InstallMedium.DiskBooted(3));
        Assert.Equal($"zones/{image}@final", Property(vm, "disk0", "origin"));
        Assert.Equal((96L << 20, 96L << 20), (Number(vm, "disk1", "volsize"), Number(vm, "disk1", "refreservation")));
        Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        AssertConsistent();
    }

    private static JsonObject Payload(Guid image, string more, bool autoboot) => JsonNode.Parse($$"""
        {"brand": "bhyve", "alias": "disks", "ram": 128, "vcpus": 1, "autoboot": {{(autoboot ? "true" : "false")}}, "disks": [{"image_uuid": "{{image}}", "boot": true}, {{more}}]}
        """)!.AsObject();

    private void Update(Guid vm, string payload) => Ok(Zone.RunWith(payload, "vmadm", "update", $"{vm}"));

    private string Property(Guid vm, string disk, string name) => Ok(Zone.Run("zfs", "get", "-Hpo", "value", name, $"zones/{vm}/{disk}"));

    private long Number(Guid vm, string disk, string name) => long.Parse(Property(vm, disk, name), System.Globalization.CultureInfo.InvariantCulture);
}
