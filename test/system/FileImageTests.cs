using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>imgadm install of plain files on the real pool: an lx zone boots of an archive, a volume has what a foreign disk holds.</summary>
[Collection("06 lifecycle")]
public sealed class FileImageTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/files";

    [Fact]
    public void An_lx_zone_boots_of_a_tar_archive()
    {
        _ = Suite.LxZone; // its image is installed
        var origin = Suite.ImageUuid("debian-13");
        Guid? image = null, vm = null;
        try
        {
            // A clone is where the image's files can be read; its root is what an archive of a distribution looks like.
            Ok(Suite.Main.Qemu.Ssh.RunScript($"mkdir -p {Folder} && zfs clone zones/{origin}@final zones/packed && "
                + $"tar --create --directory /zones/packed/root --numeric-owner --xattrs --xattrs-include=* . | zstd -1 -q > {Folder}/own.tar.zst; status=$?; zfs destroy zones/packed; exit $status", Suite.Patient(120)));
            string said = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "install", "-q", "-f", $"{Folder}/own.tar.zst", "name=own-debian", "version=1.0"], Suite.Patient(120)));
            Assert.Contains("(own-debian@1.0)", said);
            image = Guid.Parse(said.Split(' ')[2]);
            var manifest = JsonNode.Parse(Ok(Zone.Run("imgadm", "get", $"{image}")))!["manifest"]!;
            Assert.Equal(("lx-dataset", "linux", "lx"), ((string?)manifest["type"], (string?)manifest["os"], (string?)manifest["requirements"]!["brand"]));
            Assert.Equal("noauto", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "canmount", $"zones/{image}")));
            Assert.Contains("already installed", Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "install", "-q", "-f", $"{Folder}/own.tar.zst"], Suite.Patient(60))));

            var payload = Payloads.Lx("own");
            payload["image_uuid"] = $"{image}";
            var made = Zone.Create(payload);
            vm = made;
            Zone.WaitForZone(made, Suite.Patient(60));
            Assert.StartsWith("13", Ok(Zone.Zlogin(made, "cat", "/etc/debian_version")));
            // Owners, set-id bits and links came as they were.
            Assert.Equal("0:42 640", Ok(Zone.Zlogin(made, "stat", "-c", "%u:%g %a", "/etc/shadow")));
            Assert.Equal("0 4755", Ok(Zone.Zlogin(made, "stat", "-c", "%u %a", "/usr/bin/passwd")));
            Assert.Equal("usr/bin", Ok(Zone.Zlogin(made, "readlink", "/bin")));
        }
        finally
        {
            CleanUp(vm, image);
        }
        AssertConsistent();
    }

    [Fact]
    public void A_qcow2_disk_becomes_a_volume_with_its_bytes()
    {
        Guid? image = null;
        try
        {
            Ok(Zone.Shell($"mkdir -p {Folder} && cd {Folder} && truncate -s 40M disk.raw && dd if=/dev/urandom of=disk.raw bs=1M count=3 seek=1 conv=notrunc status=none"
                + " && dd if=/dev/urandom of=disk.raw bs=4k count=5 seek=10200 conv=notrunc status=none && printf '\\125\\252' | dd of=disk.raw bs=1 seek=510 conv=notrunc status=none"
                + " && qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2 && qemu-img create -q -f qcow2 -b disk.raw -F raw backed.qcow2 && gzip -k disk.raw"));
            string said = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "install", "-q", "-f", $"{Folder}/disk.qcow2", "os=linux", "name=disk"], Suite.Patient(60)));
            image = Guid.Parse(said.Split(' ')[2]);
            Assert.Equal("volume\t41943040", Ok(Zone.Shell($"zfs get -H -p -o value type,volsize zones/{image} | paste -s")));
            Ok(Zone.Shell($"zfs clone zones/{image}@final zones/copy && udevadm settle && cmp /dev/zvol/zones/copy {Folder}/disk.raw"));
            Ok(Zone.Run("zfs", "destroy", "zones/copy"));
            Ok(Zone.Run("imgadm", "delete", $"{image}"));
            image = null;

            Assert.Contains("backed.qcow2 stands on a backing file", Fails(1, Zone.Run("imgadm", "install", "-q", "-f", $"{Folder}/backed.qcow2")));
            said = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "install", "-q", "-f", $"{Folder}/disk.raw.gz"], Suite.Patient(60)));
            image = Guid.Parse(said.Split(' ')[2]);
            Ok(Zone.Shell($"zfs clone zones/{image}@final zones/copy && udevadm settle && cmp /dev/zvol/zones/copy {Folder}/disk.raw; status=$?; zfs destroy zones/copy; exit $status"));
            Assert.Equal("", Ok(Zone.Shell("ls -A /var/tmp/.imgadm-downloads; ls -A /run/lumos/unpack 2>/dev/null; zfs list -H -o name | grep partial; ls -A /dev | grep lumos; true")));
        }
        finally
        {
            CleanUp(null, image);
        }
        AssertConsistent();
    }

    private void CleanUp(Guid? vm, Guid? image)
    {
        if (vm is not null)
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        if (image is not null)
        {
            Ok(Zone.Run("imgadm", "delete", $"{image}"));
        }
        Ok(Zone.Run("rm", "-rf", Folder));
    }
}
