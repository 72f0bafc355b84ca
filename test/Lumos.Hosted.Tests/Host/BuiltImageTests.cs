using System.Net;
using System.Text.Json.Nodes;
using Lumos.Core;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The images that the build makes, unpacked from their ZFS streams onto the host's storage.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class BuiltImageTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void Debian_boots_its_systemd_with_a_lease_and_its_metadata_and_comes_back()
    {
        using var image = BuiltImage.Install(_root, "debian-13");
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, new JsonObject
        {
            ["alias"] = "debian", ["hostname"] = "debian", ["kernel_version"] = "6.12.0", ["ram"] = 512, ["quota"] = 3, ["customer_metadata"] = new JsonObject { ["user-data"] = "mine", ["cloud-init:user-data"] = "#cloud-config\n", ["root_authorized_keys"] = "ssh-ed25519 AAAA one\n" },
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
        });
        WaitUntilUp(vm);
        Assert.Equal("systemd", vm.Zlogin("cat /proc/1/comm").OrThrow().Output.Trim());
        Assert.Contains("VERSION_ID=\"13\"", vm.Zlogin("cat /etc/os-release").OrThrow().Output);
        // The platform's own program with the host's libraries, whatever distribution the host is.
        Assert.Equal("user-data\ncloud-init:user-data\nroot_authorized_keys", vm.Zlogin("/native/usr/sbin/mdata-list").OrThrow().Output.Trim());
        string lease = vm.Zlogin("hostname -I").OrThrow().Output.Trim();
        Assert.True(IpNet.Parse((string)_root.StatusJson()["tags"]![0]!["subnet"]!).Contains(IPAddress.Parse(lease.Split(' ')[0])), lease);

        FindsItsDatasource(vm);

        vm.Zlogin("echo kept > /root/file && sync").OrThrow();
        vm.Vmadm("stop").OrThrow();
        Assert.Equal("stopped", vm.State);
        vm.Vmadm("start").OrThrow();
        WaitUntilUp(vm);
        Assert.Equal("kept", vm.Zlogin("cat /root/file").OrThrow().Output.Trim());
        vm.Vmadm("delete").OrThrow();
    }

    [Fact]
    public void A_native_zone_is_made_of_the_image_that_the_build_makes()
    {
        using var image = BuiltImage.Install(_root, "lumos-base");
        using var vm = HostedVm.Of(_root, "joyent", image.Uuid, new JsonObject { ["ram"] = 128, ["quota"] = 1 });
        Wait.For("multi-user-server in the zone", () => vm.Zlogin("svcs -H -o state milestone/multi-user-server").Output.Trim() == "online");
        vm.Vmadm("delete").OrThrow();
    }

    [Fact]
    public void An_image_is_made_of_a_VM_that_runs_and_VMs_of_that()
    {
        using var image = BuiltImage.Install(_root, "debian-13");
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, new JsonObject { ["kernel_version"] = "6.12.0", ["ram"] = 512, ["customer_metadata"] = new JsonObject { ["secret"] = "of-the-owner" } });
        WaitUntilUp(vm);
        vm.Zlogin("echo made > /root/made").OrThrow();
        string folder = Path.Combine(Path.GetTempPath(), "lumos-made-" + vm.Uuid), script = Path.Combine(folder, "prepare");
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllText(script, """
                #!/bin/sh
                mdata-put prepare-image:state running
                echo prepared > /root/prepared
                mdata-put prepare-image:state success
                (sleep 1; poweroff) > /dev/null 2>&1 &
                """);
            _root.Command("imgadm", "create", "-q", "-i", "-c", "zstd", "-s", script, "-o", folder, vm.Uuid, "name=made", "version=1.0").OrThrow();
            Assert.Equal(("running", 0), (vm.State, vm.Get()["snapshots"]!.AsArray().Count));
            WaitUntilUp(vm);
            Assert.Equal("made", vm.Zlogin("ls /root").OrThrow().Output.Trim());

            string manifest = Directory.GetFiles(folder, "*.imgmanifest").Single(), made = (string)JsonNode.Parse(File.ReadAllText(manifest))!["uuid"]!;
            _root.Command("imgadm", "install", "-q", "-m", manifest, "-f", Directory.GetFiles(folder, "*.zst").Single()).OrThrow();
            using (var copy = HostedVm.Of(_root, "lx", made, new JsonObject { ["kernel_version"] = "6.12.0", ["ram"] = 512 }))
            {
                WaitUntilUp(copy);
                Assert.Equal("made\nprepared", copy.Zlogin("cat /root/made /root/prepared").OrThrow().Output.Trim());
                Assert.NotEqual(0, copy.Zlogin("/native/usr/sbin/mdata-get secret").Status);
            }
            _root.Command("imgadm", "delete", made).OrThrow();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// What cloud-init looks at before it takes a machine for SmartOS's (but uname, which not every host's kernel lets us answer), and the
    /// exchange that follows, by a client that shares nothing with ours; and that no disk of the host makes it mount /dev/vdb.
    /// </summary>
    private void FindsItsDatasource(HostedVm vm)
    {
        vm.Zlogin("test -S /native/.zonecontrol/metadata.sock").OrThrow();
        Assert.Equal("", vm.Zlogin("ls /sys/block /sys/class/block | grep -v : | xargs; cat /proc/partitions /proc/diskstats; lsblk").OrThrow().Output.Trim());
        var said = _root.Feed(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Host/datasource.pl")), "zlogin", vm.Uuid,
            "perl - sdc:uuid root_authorized_keys cloud-init:user-data iptables_disable sdc:nics").OrThrow();
        string[] lines = said.Output.TrimEnd('\n').Split('\n');
        Assert.Equal([$"SUCCESS {vm.Uuid}", "SUCCESS ssh-ed25519 AAAA one|", "SUCCESS #cloud-config|", "NOTFOUND "], lines[..4]);
        Assert.Equal("eth0", (string?)JsonNode.Parse(lines[4]["SUCCESS ".Length..])![0]!["interface"]);
    }

    private static void WaitUntilUp(HostedVm vm) =>
        Wait.For("systemd in the zone", () => vm.Zlogin("systemctl is-system-running").Output.Trim() == "running");
}
