using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>VMs of brands bhyve and kvm, as far as vmadm has to do with them.</summary>
public sealed class MachineVmTests : IDisposable
{
    private const string First = "aaaaaaaa-0000-4000-8000-000000000001";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Its_disks_are_children_of_its_dataset_and_are_shown_as_they_are()
    {
        Create("bhyve", """ "uuid": "aaaaaaaa-0000-4000-8000-000000000001", "ram": 512, "vcpus": 4, """, """{"image_uuid": "IMAGE"}, {"size": 100, "model": "nvme"}""");
        var vm = _machine.Get(First);
        Assert.Equal(("running", "BHYVE", true, 512, 1792, 4), ((string?)vm["state"], (string?)vm["type"], (bool)vm["hvm"]!, (int)vm["ram"]!, (int)vm["max_physical_memory"]!, (int)vm["vcpus"]!));
        var disks = vm["disks"]!.AsArray();
        Assert.Equal([("/dev/zvol/zones/" + First + "/disk0", true, "virtio", 40), ("/dev/zvol/zones/" + First + "/disk1", false, "nvme", 100)],
            disks.Select(disk => ((string)disk!["path"]!, disk["boot"] is not null, (string)disk["model"]!, (int)disk["size"]!)));
        Assert.Equal((TestMachine.DiskImage, 40, $"zones/{First}/disk0", "zones"),
            ((string?)disks[0]!["image_uuid"], (int)disks[0]!["image_size"]!, (string?)disks[0]!["zfs_filesystem"], (string?)disks[0]!["zpool"]));
        Assert.NotEqual((string?)disks[0]!["uuid"], (string?)disks[1]!["uuid"]);
        Assert.Equal($"zones/{TestMachine.DiskImage}@final", Property($"zones/{First}/disk0", "origin"));
        Assert.Equal((100L << 20).ToString(), Property($"zones/{First}/disk1", "volsize"));
        // A quota is of the files beside the disks.
        Assert.Equal(((1L << 30).ToString(), 1), (Property("zones/" + First, "refquota"), (int)vm["quota"]!));
        Assert.Equal("e1000", (string?)vm["nics"]![0]!["model"]);
        Assert.Equal("BHYV", _machine.Vmadm(null, "list", "-H", "-o", "type").Out.Trim());

        Assert.Equal(0, _machine.Vmadm(null, "delete", First).Status);
        Assert.DoesNotContain(_machine.Datasets.List(null), dataset => dataset.Name.Contains(First, StringComparison.Ordinal));
    }

    [Fact]
    public void A_create_that_fails_leaves_no_disk()
    {
        _machine.BeforeDataset = (operation, name) =>
        {
            if (name.EndsWith("disk1", StringComparison.Ordinal))
            {
                throw new DatasetException(DatasetException.FailedCode, name, "out of space");
            }
        };
        var run = _machine.Vmadm(Payload("kvm", "", """{"image_uuid": "IMAGE"}, {"size": 100}"""), "create");
        Assert.NotEqual(0, run.Status);
        Assert.DoesNotContain(_machine.Datasets.List(null), dataset => dataset.Name.Contains("disk", StringComparison.Ordinal));
        Assert.Equal("", _machine.Vmadm(null, "list", "-H").Out);
    }

    [Fact]
    public void Memory_and_processors_are_changed_for_the_next_boot_and_the_rest_with_them()
    {
        Create("kvm", """ "uuid": "aaaaaaaa-0000-4000-8000-000000000001", """, """{"size": 8}""");
        Assert.Equal((256, 1280), ((int)_machine.Get(First)["ram"]!, (int)_machine.Get(First)["max_physical_memory"]!));
        var run = _machine.Vmadm(null, "update", First, "ram=1024", "vcpus=2");
        Assert.Equal(0, run.Status);
        Assert.Contains("ram, vcpus: takes effect when the VM is next started", run.Error);
        var vm = _machine.Get(First);
        Assert.Equal((1024, 2048, 2), ((int)vm["ram"]!, (int)vm["max_physical_memory"]!, (int)vm["vcpus"]!));
        Assert.Equal(0, _machine.Vmadm(null, "update", First, "max_physical_memory=100").Status);
        Assert.Equal(1280, (int)_machine.Get(First)["max_physical_memory"]!);
    }

    [Theory]
    [InlineData("bhyve", """{"model": "virtio"}""", "has neither image_uuid")]
    [InlineData("bhyve", """{"image_uuid": "IMAGE", "size": 100}""", "disks.*.size 100 is not what image")]
    [InlineData("bhyve", """{"image_uuid": "IMAGE", "image_size": 41}""", "disks.*.image_size 41 is not what image")]
    [InlineData("bhyve", """{"image_uuid": "11111111-1111-4111-8111-111111111111"}""", "is of type zone-dataset")]
    [InlineData("bhyve", """{"image_uuid": "99999999-1111-4111-8111-111111111111"}""", "is not installed on pool zones")]
    [InlineData("bhyve", """{"size": 8, "model": "ide"}""", "brand bhyve has ahci, nvme, virtio")]
    [InlineData("kvm", """{"size": 8, "model": "nvme"}""", "brand kvm has ide, scsi, virtio")]
    [InlineData("kvm", """{"size": 0}""", "is not a size of a disk")]
    [InlineData("kvm", """{"size": 8, "boot": true}, {"size": 8, "boot": true}""", "more than one disk boots")]
    [InlineData("kvm", """{"size": 8, "path": "/dev/sda"}""", "a disk that is made has a name of its own")]
    public void Disks_that_cannot_be_are_refused(string brand, string disks, string words)
    {
        var run = _machine.Vmadm(Payload(brand, "", disks), "create");
        Assert.NotEqual(0, run.Status);
        Assert.Contains(words, run.Error);
    }

    [Theory]
    [InlineData("\"vcpus\": 65,", "65 is more than 64")]
    [InlineData("\"image_uuid\": \"IMAGE\",", "\"disks\": [{\"image_uuid\": \"" + TestMachine.DiskImage)]
    [InlineData("\"limit_priv\": \"default,!file_dac_read\",", "has no privileges at all")]
    [InlineData("\"bootrom\": \"openfirmware\",", "bootrom \"openfirmware\" is none of bios, uefi and an absolute path")]
    [InlineData("\"bootrom\": \"/nowhere/own.fd\",", "bootrom there is no file /nowhere/own.fd")]
    [InlineData("\"vnc_password\": \"ninechars\",", "vnc_password has more than 8 characters")]
    [InlineData("\"boot\": \"order=ca\",", "'a' is none of c")]
    public void So_is_what_a_machine_cannot_have_yet(string more, string words)
    {
        var run = _machine.Vmadm(Payload("bhyve", more, """{"size": 8}"""), "create");
        Assert.NotEqual(0, run.Status);
        Assert.Contains(words, run.Error);
    }

    [Theory]
    [InlineData("info")]
    [InlineData("sysrq", "nmi")]
    [InlineData("sysrq", "screenshot")]
    public void What_only_an_emulator_knows_is_asked_of_one_that_runs(string verb, params string[] more)
    {
        Create("bhyve", """ "uuid": "aaaaaaaa-0000-4000-8000-000000000001", "autoboot": false, """, """{"size": 8}""");
        var run = _machine.Vmadm(null, [verb, First, .. more]);
        Assert.NotEqual(0, run.Status);
        Assert.Contains("it is stopped, and only one that runs", run.Error);
    }

    [Fact]
    public void Options_of_QEMUs_are_taken_where_they_are_of_the_guest_and_count_from_the_next_boot()
    {
        Create("kvm", $""" "uuid": "{First}", "qemu_opts": "-device i6300esb", "qemu_extra_opts": "-no-hpet", """, """{"size": 8}""");
        Assert.Equal(("-device i6300esb", "-no-hpet"), ((string?)_machine.Get(First)["qemu_opts"], (string?)_machine.Get(First)["qemu_extra_opts"]));
        Assert.Contains("takes effect when the VM is next", _machine.Vmadm(null, "update", First, "qemu_extra_opts=-watchdog-action reset").Error);
        var refused = _machine.Vmadm(null, "update", First, "qemu_extra_opts=-drive file=/etc/shadow");
        Assert.NotEqual(0, refused.Status);
        Assert.Contains("it would open files of the host", refused.Error);
        Assert.Equal(0, _machine.Vmadm(null, "update", First, "qemu_extra_opts=", "qemu_opts=").Status);
        Assert.Contains("it is one of bhyve's", _machine.Vmadm(Payload("bhyve", "\"bhyve_extra_opts\": \"-s 0:20:0,virtio-rnd\",", """{"size": 8}"""), "create").Error);
    }

    [Fact]
    public void A_port_is_one_VMs_and_nobody_elses_on_the_machine()
    {
        using var busy = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        busy.Start();
        int port = ((System.Net.IPEndPoint)busy.LocalEndpoint).Port;
        Assert.Contains($"vnc_port {port} is somebody else's", _machine.Vmadm(Payload("bhyve", $"\"vnc_port\": {port},", """{"size": 8}"""), "create").Error);
        busy.Stop();
        Create("bhyve", $""" "uuid": "{First}", "vnc_port": {port}, """, """{"size": 8}""");
        Assert.Contains($"vnc_port {port} is that of VM {First}", _machine.Vmadm(Payload("kvm", $"\"vnc_port\": {port},", """{"size": 8}"""), "create").Error);
        Assert.Equal(0, _machine.Vmadm(null, "update", First, "vnc_password=secret").Status);
    }

    [Fact]
    public void What_an_image_boots_with_is_what_its_VM_has()
    {
        Create("bhyve", $""" "uuid": "{First}", """, """{"size": 8}""");
        Assert.Equal("bios", (string?)_machine.Get(First)["bootrom"]);
        var run = _machine.Vmadm(null, "update", First, "boot=order=dc");
        Assert.Contains("boot: takes effect when the VM is next started", run.Error);
    }

    [Fact]
    public void A_machine_without_QEMU_makes_none()
    {
        using var machine = new TestMachine(noMachine: "it has no qemu");
        var run = machine.Vmadm(Payload("bhyve", "", """{"size": 8}"""), "create");
        Assert.NotEqual(0, run.Status);
        Assert.Contains("no VM of brand bhyve can be made on this machine: it has no qemu", run.Error);
    }

    private void Create(string brand, string more, string disks) => Assert.Equal((0, ""), (_machine.Vmadm(Payload(brand, more, disks), "create") is var run ? run.Status : -1, run.Status == 0 ? "" : run.Error));

    private static string Payload(string brand, string more, string disks) =>
        $$"""{"brand": "{{brand}}", {{more}} "disks": [{{disks}}], "nics": [{"nic_tag": "admin", "ip": "dhcp"}]}""".Replace("IMAGE", TestMachine.DiskImage, StringComparison.Ordinal);

    private string? Property(string dataset, string name) => _machine.Datasets.GetProperties(DatasetName.Parse(dataset), name)[name];
}
