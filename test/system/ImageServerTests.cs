using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The image server as a service of the machine: an image goes there and comes back.</summary>
[Collection("06 lifecycle")]
public sealed class ImageServerTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/published", Url = "http://127.0.0.1:8080";

    [Fact]
    public void An_image_of_a_VM_is_published_deleted_imported_and_runs()
    {
        _ = Suite.NativeZone;
        Assert.Equal("disabled", Ok(Zone.Run("svcs", "-H", "-o", "state", "imgapi")));
        Ok(Zone.Run("svcadm", "enable", "imgapi"));
        Guid? vm = null, copy = null, image = null;
        try
        {
            Zone.WaitFor("the image server", Suite.Patient(60), () => Zone.Run("curl", "-fsS", $"{Url}/ping").Status == 0);
            Assert.Equal("online", Ok(Zone.Run("svcs", "-H", "-o", "state", "imgapi")));
            Assert.Equal("600", Ok(Zone.Run("stat", "-c", "%a", "/var/imgapi/keys")));

            vm = Zone.Create(Payloads.Bare("published", Suite.ImageUuid("lumos-base")));
            Zone.WaitForZone(vm.Value, Suite.Patient(60));
            Ok(Zone.Zlogin(vm.Value, "sh", "-c", "echo through > /root/went"));
            Ok(Zone.Run("vmadm", "stop", $"{vm}"));
            Ok(Zone.Run("mkdir", "-p", Folder));
            Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "create", "-q", "-c", "zstd", "-o", $"{Folder}/it", $"{vm}", "name=published", "version=1.0"], Suite.Patient(180)));
            string[] publish = ["imgadm", "publish", "-q", "-m", $"{Folder}/it.imgmanifest", "-f", $"{Folder}/it.zfs.zst"];
            Assert.Contains("UnauthorizedError", Fails(1, Zone.Run([.. publish, Url])));
            string said = Ok(Suite.Main.Qemu.Ssh.Run([.. publish, "--key-file", "/var/imgapi/keys", Url], Suite.Patient(120)));
            Assert.Contains("Activated image", said);
            image = Guid.Parse((string)JsonNode.Parse(Ok(Zone.Run("cat", $"{Folder}/it.imgmanifest")))!["uuid"]!);
            Ok(Zone.Run("rm", "-rf", Folder)); // nothing of it is here but what the server has

            // A server that is killed and comes back has it still.
            Ok(Zone.Shell("kill -KILL $(pgrep -x lumos-imgapi)"));
            Zone.WaitFor("the image server again", Suite.Patient(60), () => Zone.Run("curl", "-fsS", $"{Url}/images/{image}").Status == 0);
            Zone.UseImageSource(Url);
            Assert.Contains($"{image}", Ok(Zone.Run("imgadm", "avail", "-H", "name=published")));
            Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "import", "-q", $"{image}"], Suite.Patient(120)));
            copy = Zone.Create(Payloads.Bare("imported", image.Value));
            Zone.WaitForZone(copy.Value, Suite.Patient(60));
            Assert.Equal("through", Ok(Zone.Zlogin(copy.Value, "cat", "/root/went")));

            // Made and published in one.
            string both = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "create", "-q", "-c", "zstd", "-p", Url, "--key-file", "/var/imgapi/keys", $"{vm}", "name=both", "version=1.0"], Suite.Patient(180)));
            Assert.Contains("Activated image", both);
            Assert.Contains("both", Ok(Zone.Run("imgadm", "avail", "-H", "-o", "name", "name=both")));
            Assert.Equal("", Ok(Zone.Shell($"ls /var/tmp | grep -F {vm} || true")));
        }
        finally
        {
            foreach (var made in new[] { copy, vm }.OfType<Guid>())
            {
                Ok(Zone.Run("vmadm", "delete", $"{made}"));
            }
            if (copy is not null)
            {
                Ok(Zone.Run("imgadm", "delete", $"{image}"));
            }
            Ok(Zone.Run("svcadm", "disable", "-s", "imgapi"));
            Zone.UseImageSource(Suite.ImageUrl);
            Ok(Zone.Run("rm", "-rf", Folder, "/var/imgapi"));
        }
        AssertConsistent();
    }
}
