using System.Formats.Tar;
using System.Text.Json.Nodes;
using Lumos.Machine;
using Lumos.Testing;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>An image of the OCI on ZFS: its layers as clones, VMs that run it, restarts, network, stop, and all of it gone again.</summary>
[Collection("06 lifecycle")]
public sealed class OciTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/oci";

    [Fact]
    public void Layers_are_clones_and_VMs_run_what_the_image_says()
    {
        Upload();
        string said = Ok(Suite.Main.Qemu.Ssh.Run(["imgadm", "import", "-q", $"oci:{Folder}/layout:1.0"], Suite.Patient(60)));
        Assert.StartsWith("Imported image ", said);
        var image = Guid.Parse(said.Split(' ')[2]);
        var vms = new List<Guid>();
        try
        {
            string[] layers = [.. Lines(Ok(Zone.Run("imgadm", "ancestry", "-H", "-o", "uuid", $"{image}")))];
            Assert.Equal(3, layers.Length);
            for (int i = 0; i < layers.Length; i++)
            {
                Assert.Equal(i < 2 ? $"zones/{layers[i + 1]}@final" : "-", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "origin", $"zones/{layers[i]}")));
            }
            Assert.Equal("no\nno\nno", Ok(Zone.Run(["zfs", "get", "-H", "-o", "value", "mounted", .. layers.Select(l => $"zones/{l}")])));
            Assert.Contains("already installed", Ok(Zone.Run("imgadm", "import", "-q", $"oci:{Folder}/layout:1.0")));

            var once = Create(vms, image, "once", []);
            WaitForEnd(once, 3);
            Assert.Equal("boots\nnew\nout", Ok(Zone.Run("ls", $"/zones/{once}/root/data")));
            Assert.DoesNotContain("gone", Ok(Zone.Run("ls", $"/zones/{once}/root/etc")));
            string log = Ok(Zone.Run("cat", $"/zones/{once}/logs/stdio.log"));
            Assert.Contains(" stdout F words: exit 3", log);
            Assert.Contains(" stderr F complaint", log);

            var retry = Create(vms, image, "retry", new JsonObject { ["docker:restartpolicy"] = "on-failure:2" });
            Zone.WaitFor("three ends", Suite.Patient(30), () => Zone.Run("cat", $"/zones/{retry}/root/data/boots").Output.Split('\n').Length == 4);
            WaitForEnd(retry, 3);

            var runs = Create(vms, image, "runs", new JsonObject { ["docker:cmd"] = """["stay"]""", ["docker:user"] = "0" }, network: true);
            Zone.WaitFor("its start", Suite.Patient(30), () => Zone.Run("cat", $"/zones/{runs}/logs/stdio.log").Output.Contains("complaint"));
            Assert.Contains("10.0.2.77/24", Ok(Zone.Zlogin(runs, "ip", "addr", "show", "eth0")));
            Assert.Contains("10.0.2.77\truns", Ok(Zone.Zlogin(runs, "cat", "/etc/hosts")));
            Assert.Equal("kept", Ok(Zone.Zlogin(runs, "cat", "/run/kept")));
            Ok(Zone.Zlogin(runs, "sh", "-c", "echo kept > /volume/a; busybox chown 1000:2000 /volume/a; ln /volume/a /volume/b; echo lost > /work/c"));
            Ok(Zone.RunWith($$"""{"image_uuid": "{{image}}"}""", "vmadm", "reprovision", $"{runs}"));
            Zone.WaitFor("its next start", Suite.Patient(30), () => Zone.Run("cat", $"/zones/{runs}/logs/stdio.log").Output.Contains("complaint"));
            Assert.Equal("kept\n1000 2000 2", Ok(Zone.Zlogin(runs, "sh", "-c", "cat /volume/a; busybox stat -c '%u %g %h' /volume/b; ls /work")));
            Ok(Zone.Run("vmadm", "stop", $"{runs}"));
            Assert.Contains("stdout F stopping", Ok(Zone.Run("cat", $"/zones/{runs}/logs/stdio.log")));
            Assert.Contains("in use", Fails(1, Zone.Run("imgadm", "delete", $"{image}")));
        }
        finally
        {
            foreach (var vm in vms)
            {
                Ok(Zone.Run("vmadm", "delete", $"{vm}"));
            }
            foreach (string uuid in Lines(Ok(Zone.Run("imgadm", "ancestry", "-H", "-o", "uuid", $"{image}"))).ToList())
            {
                Ok(Zone.Run("imgadm", "delete", uuid));
            }
            Ok(Zone.Run("rm", "-rf", Folder));
        }
        Assert.Equal("", Ok(Zone.Run("imgadm", "list", "-H", "type=docker")));
        AssertConsistent();
    }

    private Guid Create(List<Guid> vms, Guid image, string alias, JsonObject metadata, bool network = false)
    {
        var payload = new JsonObject
        {
            ["brand"] = "lx", ["docker"] = true, ["image_uuid"] = $"{image}", ["alias"] = alias, ["hostname"] = alias, ["ram"] = 64, ["quota"] = 1,
            ["internal_metadata"] = metadata,
        };
        if (network)
        {
            payload["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ips"] = new JsonArray("10.0.2.77/24"), ["gateways"] = new JsonArray("10.0.2.2"), ["primary"] = true });
        }
        var vm = Zone.Create(payload);
        vms.Add(vm);
        return vm;
    }

    private void WaitForEnd(Guid vm, int status)
    {
        Zone.WaitFor("its end", Suite.Patient(30), () => (string?)Zone.Get(vm)?["state"] == "stopped");
        Assert.Equal(status, (int)Zone.Get(vm)!["exit_status"]!);
    }

    private void Upload()
    {
        using var folder = new TemporaryFolder();
        new OciLayoutMaker(Path.Combine(folder.Path, "layout")).Image("1.0", BusyboxImage.Run, BusyboxImage.Layers);
        string tar = Path.Combine(folder.Path, "layout.tar");
        TarFile.CreateFromDirectory(Path.Combine(folder.Path, "layout"), tar, includeBaseDirectory: true);
        Ok(Zone.Run("mkdir", "-p", Folder));
        using var stream = File.OpenRead(tar);
        Ok(HostCommand.RunWithFile(Suite.Main.Qemu.Ssh.Attached(["tar", "-C", Folder, "-xf", "-"], terminal: false), stream, Suite.Patient(60)));
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("lumos-oci-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
