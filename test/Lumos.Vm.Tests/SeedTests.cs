using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Vm.CloudInit;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What cloud-init is told of a VM, and the volume that tells it.</summary>
public sealed class SeedTests : IDisposable
{
    private const string Uuid = "aaaaaaaa-0000-4000-8000-000000000001";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Documents_are_made_of_the_VMs_properties()
    {
        var documents = SeedDocuments.Of(Vm("""
            {"uuid": "aaaaaaaa-0000-4000-8000-000000000001", "brand": "bhyve", "hostname": "web", "resolvers": ["192.0.2.53", "2001:db8::53"],
             "customer_metadata": {"root_authorized_keys": "ssh-ed25519 AAAA me\n# no key\nssh-rsa BBBB \"you\"\n"},
             "nics": [
               {"interface": "net0", "mac": "02:08:20:AA:BB:CC", "ips": ["192.0.2.10/24", "2001:db8::10/64"], "gateways": ["192.0.2.1", "2001:db8::1"], "primary": true, "mtu": 1400},
               {"interface": "net1", "mac": "02:08:20:aa:bb:cd", "ips": ["dhcp", "addrconf"], "gateways": ["10.0.0.1"]}]}
            """));
        Assert.Equal(["meta-data", "network-config", "user-data"], documents.Select(document => document.Name));
        Assert.Equal("""
            instance-id: "aaaaaaaa-0000-4000-8000-000000000001"
            local-hostname: "web"
            public-keys:
              - "ssh-ed25519 AAAA me"
              - "ssh-rsa BBBB \u0022you\u0022"

            """, documents[0].Content);
        Assert.Equal("""
            version: 2
            ethernets:
              net0:
                match:
                  macaddress: "02:08:20:aa:bb:cc"
                set-name: "net0"
                addresses:
                  - "192.0.2.10/24"
                  - "2001:db8::10/64"
                mtu: 1400
                routes:
                  - to: "0.0.0.0/0"
                    via: "192.0.2.1"
                    on-link: true
                  - to: "::/0"
                    via: "2001:db8::1"
                    on-link: true
                nameservers:
                  addresses:
                    - "192.0.2.53"
                    - "2001:db8::53"
              net1:
                match:
                  macaddress: "02:08:20:aa:bb:cd"
                set-name: "net1"
                dhcp4: true
                dhcp6: true

            """, documents[1].Content);
        Assert.Equal("#cloud-config\n{}\n", documents[2].Content);
    }

    [Fact]
    public void What_the_metadata_says_stands_as_it_is()
    {
        var documents = SeedDocuments.Of(Vm("""
            {"uuid": "aaaaaaaa-0000-4000-8000-000000000001", "brand": "kvm", "alias": "db", "nics": [{"interface": "net0", "mac": "02:08:20:aa:bb:cc", "ips": ["dhcp"]}],
             "customer_metadata": {"cloud-init:user-data": "#cloud-config\nuser: x\n", "cloud-init:network-config": "version: 1\n", "cloud-init:vendor-data": "#!/bin/sh\n"}}
            """));
        Assert.Equal([("network-config", "version: 1\n"), ("user-data", "#cloud-config\nuser: x\n"), ("vendor-data", "#!/bin/sh\n")], documents.Skip(1));
        Assert.Contains("local-hostname: \"db\"\n", documents[0].Content);
        Assert.DoesNotContain(SeedDocuments.Of(Vm($$"""{"uuid": "{{Uuid}}", "brand": "kvm"}""")), document => document.Name == "network-config");
    }

    /// <summary>By dosfstools and mtools, which know nothing of ours.</summary>
    [Fact]
    public void The_volume_is_whole_to_other_tools()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/fsck.fat") && File.Exists("/usr/bin/mcopy"), "there are no dosfstools and mtools");
        byte[] large = new byte[300_001], none = [];
        Random.Shared.NextBytes(large);
        byte[] head = FatVolume.Head("CIDATA", [("meta-data", "a: b\n"u8.ToArray()), ("network-config", large), ("user-data", none)]);
        string file = _machine.At("cidata");
        File.WriteAllBytes(file, head);
        using (var stream = File.OpenWrite(file))
        {
            stream.SetLength(FatVolume.Bytes);
        }
        var check = Tool.Run("/usr/sbin/fsck.fat", "-n", file);
        Assert.Equal((0, true), (check.Status, check.Output.Contains(" 4 files,", StringComparison.Ordinal))); // with the label
        Assert.Contains("TYPE=\"vfat\"", Tool.Run("/usr/sbin/blkid", "-p", file).OrThrow().Output);
        Assert.Contains("LABEL=\"CIDATA\"", Tool.Run("/usr/sbin/blkid", "-p", file).OrThrow().Output);
        foreach (var (name, content) in new[] { ("meta-data", "a: b\n"u8.ToArray()), ("network-config", large), ("user-data", none) })
        {
            Tool.Run("/usr/bin/mcopy", "-n", "-i", file, "::" + name, _machine.At("copy-" + name)).OrThrow();
            Assert.Equal(content, File.ReadAllBytes(_machine.At("copy-" + name)));
        }
        Assert.Equal("SeedTooLarge", Assert.Throws<LumosException>(() => FatVolume.Head("CIDATA", [("user-data", new byte[FatVolume.Bytes])])).Code);
    }

    [Fact]
    public void It_is_rebuilt_at_the_boot_after_a_change_and_only_then()
    {
        var created = _machine.Vmadm($$"""
            {"uuid": "{{Uuid}}", "brand": "bhyve", "ram": 256, "hostname": "first", "internal_metadata": {"cloudinit_datasource": "nocloud"},
             "disks": [{"image_uuid": "{{TestMachine.DiskImage}}", "boot": true}]}
            """, "create");
        Assert.True(created.Status == 0, created.Error);
        string file = _machine.At($"zones/{Uuid}/config/cidata.img");
        Assert.Equal(FatVolume.Bytes, new FileInfo(file).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Contains("\"first\"", Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        Assert.Single(_machine.Get(Uuid)["disks"]!.AsArray());

        var then = DateTime.UnixEpoch.AddYears(40);
        File.SetLastWriteTimeUtc(file, then);
        _machine.Vmadm(null, "stop", "-F", Uuid);
        _machine.Vmadm(null, "start", Uuid);
        Assert.Equal(then, File.GetLastWriteTimeUtc(file));
        _machine.Vmadm(null, "update", Uuid, "hostname=second");
        Assert.Equal(then, File.GetLastWriteTimeUtc(file));
        _machine.Vmadm(null, "stop", "-F", Uuid);
        _machine.Vmadm(null, "start", Uuid);
        Assert.Contains("\"second\"", Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        Assert.False(File.Exists(file + ".new"));
    }

    [Fact]
    public void An_image_says_by_a_tag_that_it_wants_it()
    {
        _machine.DiskImageDataSource = "nocloud";
        _machine.Vmadm($$"""{"uuid": "{{Uuid}}", "brand": "kvm", "ram": 256, "autoboot": false, "disks": [{"image_uuid": "{{TestMachine.DiskImage}}", "boot": true}]}""", "create");
        Assert.Equal("nocloud", (string?)_machine.Get(Uuid)["internal_metadata"]!["cloudinit_datasource"]);
    }

    private static VmSpec Vm(string json) => new((JsonObject)JsonNode.Parse(json)!);
}
