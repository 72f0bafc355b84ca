using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>imgadm create on the real pool: an image of a VM, and a VM of that.</summary>
[Collection("06 lifecycle")]
public sealed class ImageCreationTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/made";

    [Fact]
    public void An_image_is_made_of_a_VM_that_prepares_itself_and_a_VM_of_that()
    {
        _ = Suite.NativeZone;
        var origin = Suite.ImageUuid("lumos-base");
        var payload = Payloads.Bare("proto", origin);
        payload["customer_metadata"] = new JsonObject { ["secret"] = "of-the-owner" };
        var vm = Zone.Create(payload);
        Guid? image = null, copy = null;
        try
        {
            Zone.WaitForZone(vm, Suite.Patient(60));
            Ok(Zone.Zlogin(vm, "sh", "-c", "echo made > /root/made"));
            Ok(Zone.RunWith("""
                #!/bin/sh
                mdata-put prepare-image:state running
                echo prepared > /root/prepared
                mdata-put prepare-image:state success
                (sleep 1; poweroff) > /dev/null 2>&1 &
                """, "sh", "-c", $"mkdir -p {Folder}; cat > {Folder}/prepare"));
            string said = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "create", "-q", "-i", "-c", "zstd", "-s", $"{Folder}/prepare", "-o", Folder, $"{vm}", "name=made", "version=1.0"], Suite.Patient(180)));
            Assert.Contains("Prepare script succeeded", said);
            Assert.Equal("running", (string?)Zone.Get(vm)!["state"]);
            Assert.Empty(Zone.Get(vm)!["snapshots"]!.AsArray());
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("made", Ok(Zone.Zlogin(vm, "ls", "/root")));
            Assert.Equal($"zones/{vm}", Ok(Zone.Shell($"zfs list -H -o name -t all | grep {vm}")));

            image = Install("made-1.0", ".zst");
            Assert.Equal($"zones/{origin}@final", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "origin", $"zones/{image}")));
            var second = Zone.Create(Payloads.Bare("copy", image.Value));
            copy = second;
            Zone.WaitForZone(second, Suite.Patient(60));
            Assert.Equal("made\nprepared", Ok(Zone.Zlogin(second, "cat", "/root/made", "/root/prepared")));
            Assert.Equal("", Ok(Zone.Shell($"grep -rl of-the-owner /zones/{copy}/config || true")));
            Assert.Contains("No metadata", Fails(1, Zone.Zlogin(second, "mdata-get", "secret")));
        }
        finally
        {
            foreach (var made in new Guid?[] { copy, vm }.OfType<Guid>())
            {
                Ok(Zone.Run("vmadm", "delete", $"{made}"));
            }
            if (image is not null)
            {
                Ok(Zone.Run("imgadm", "delete", $"{image}"));
            }
            Ok(Zone.Run("rm", "-rf", Folder));
        }
        AssertConsistent();
    }

    [Fact]
    public void An_image_of_a_stopped_VM_stands_alone()
    {
        _ = Suite.NativeZone;
        var payload = Payloads.Bare("proto", Suite.ImageUuid("lumos-base"));
        payload["autoboot"] = false;
        var vm = Zone.Create(payload);
        Guid? image = null;
        try
        {
            Ok(Zone.Run("mkdir", "-p", Folder));
            Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "create", "-q", "-c", "gzip", "-o", $"{Folder}/whole", $"{vm}", "name=whole", "version=1"], Suite.Patient(120)));
            image = Install("whole", ".gz");
            Assert.Equal("-", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "origin", $"zones/{image}")));
            Assert.NotNull(JsonNode.Parse(Ok(Zone.Run("imgadm", "get", $"{image}")))!["manifest"]!["requirements"]!["min_platform"]!["7.0"]);
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
            if (image is not null)
            {
                Ok(Zone.Run("imgadm", "delete", $"{image}"));
            }
            Ok(Zone.Run("rm", "-rf", Folder));
        }
        AssertConsistent();
    }

    private Guid Install(string name, string ending)
    {
        Ok(Zone.Run("imgadm", "install", "-q", "-m", $"{Folder}/{name}.imgmanifest", "-f", $"{Folder}/{name}.zfs{ending}"));
        return Guid.Parse((string)JsonNode.Parse(Ok(Zone.Run("cat", $"{Folder}/{name}.imgmanifest")))!["uuid"]!);
    }
}
