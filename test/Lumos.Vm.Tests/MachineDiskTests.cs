using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Disks of hardware VMs: what they are made of, where they are, what is refused before anything is made.</summary>
public sealed class MachineDiskTests : IDisposable
{
    private const string Vm = "aaaaaaaa-0000-4000-8000-000000000001";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_volume_is_made_as_its_disk_says_and_get_shows_what_the_volume_says()
    {
        Create("bhyve", "", """{"size": 64, "refreservation": 0, "compression": "lz4", "block_size": 16384}, {"size": 32}, {"image_uuid": "IMAGE"}""");
        Assert.Equal(("0", "lz4", "16384", (64L << 20).ToString()), (Property("disk0", "refreservation"), Property("disk0", "compression"), Property("disk0", "volblocksize"), Property("disk0", "volsize")));
        Assert.Equal((32L << 20).ToString(), Property("disk1", "refreservation"));
        // A clone holds its size back, too.
        Assert.Equal((40L << 20).ToString(), Property("disk2", "refreservation"));
        _machine.Datasets.SetProperties(DatasetName.Parse($"zones/{Vm}/disk0"), new Dictionary<string, string> { ["volsize"] = (100L << 20).ToString(), ["compression"] = "gzip" });
        var disk = _machine.Get(Vm)["disks"]![0]!;
        Assert.Equal((100, 0, "gzip", 16384), ((int)disk["size"]!, (int)disk["refreservation"]!, (string?)disk["compression"], (int)disk["block_size"]!));
    }

    [Fact]
    public void Disks_of_bhyve_keep_their_places_whatever_goes()
    {
        Create("bhyve", "\"autoboot\": false,", $$"""{"size": 8}, {"size": 8, "pci_slot": "5:1"}, {"size": 8}, {"path": "{{Media()}}", "media": "cdrom"}""");
        Assert.Equal(["0:4:0", "0:5:1", "0:4:1", "0:3:0"], Slots());
        Assert.Equal(("ahci", "cdrom"), ((string?)_machine.Get(Vm)["disks"]![3]!["model"], (string?)_machine.Get(Vm)["disks"]![3]!["media"]));
        Update($$"""{"remove_disks": ["/dev/zvol/zones/{{Vm}}/disk1"], "add_disks": [{"size": 8}]}""");
        Assert.Equal(["0:4:0", "0:4:1", "0:3:0", "0:4:2"], Slots());
    }

    [Fact]
    public void The_names_of_SmartOS_are_taken_for_a_device_and_a_medium_is_meant_in_the_zones_root()
    {
        Refused("/dev/zvol/zones/other does not exist", "kvm", """{"path": "/dev/zvol/rdsk/zones/other", "nocreate": true}""");
        Create("kvm", "\"autoboot\": false,", """{"size": 8}, {"size": 8}""");
        string root = Directory.CreateDirectory(Path.Combine((string)_machine.Get(Vm)["zonepath"]!, "root")).FullName;
        File.WriteAllBytes(Path.Combine(root, "medium.iso"), new byte[2048]);
        Update($$"""{"remove_disks": ["/dev/zvol/rdsk/zones/{{Vm}}/disk1"], "add_disks": [{"media": "cdrom", "path": "/medium.iso", "model": "ide"}]}""");
        Assert.Equal([$"/dev/zvol/zones/{Vm}/disk0", "/medium.iso"], _machine.Get(Vm)["disks"]!.AsArray().Select(disk => (string?)disk!["path"]));
        Assert.Contains("/nowhere.iso does not exist", _machine.Vmadm("""{"add_disks": [{"media": "cdrom", "path": "/nowhere.iso", "model": "ide"}]}""", "update", Vm).Error);
    }

    [Fact]
    public void What_is_there_already_is_used_and_left_when_the_VM_goes()
    {
        string raw = _machine.At("raw.img");
        File.WriteAllBytes(raw, new byte[3 << 20]);
        Create("kvm", "", $$"""{"size": 8}, {"path": "{{raw}}", "nocreate": true}, {"path": "{{Media()}}", "media": "cdrom"}""");
        var disks = _machine.Get(Vm)["disks"]!.AsArray();
        Assert.Equal((3, null), ((int)disks[1]!["size"]!, disks[1]!["zfs_filesystem"]));
        Assert.Equal("ide", (string?)disks[2]!["model"]);
        Refused("is a disk of VM " + Vm, "kvm", $$"""{"path": "{{raw}}", "nocreate": true}""");
        // Media that are only read may be in many drives.
        Assert.Equal(0, _machine.Vmadm(Payload("kvm", "", $$"""{"path": "{{Media()}}", "media": "cdrom"}"""), "create").Status);
        Assert.Equal(0, _machine.Vmadm(null, "delete", Vm).Status);
        Assert.True(File.Exists(raw));
    }

    [Fact]
    public void A_disk_in_another_pool_goes_with_its_VM()
    {
        _machine.Datasets.AddPool("tank");
        Create("bhyve", "", """{"size": 8}, {"size": 16, "zpool": "tank"}""");
        Assert.Equal(("tank", $"/dev/zvol/tank/{Vm}-disk0"), ((string?)_machine.Get(Vm)["disks"]![1]!["zpool"], (string?)_machine.Get(Vm)["disks"]![1]!["path"]));
        Assert.True(_machine.Datasets.Exists(DatasetName.Parse($"tank/{Vm}-disk0")));
        Assert.Equal(0, _machine.Vmadm(null, "delete", Vm).Status);
        Assert.False(_machine.Datasets.Exists(DatasetName.Parse($"tank/{Vm}-disk0")));
    }

    [Fact]
    public void A_create_that_fails_leaves_nothing_in_another_pool()
    {
        _machine.Datasets.AddPool("tank");
        _machine.BeforeDataset = (operation, name) => _ = operation == "create" && name.EndsWith("disk1", StringComparison.Ordinal) ? throw new DatasetException(DatasetException.FailedCode, name, "out of space") : 0;
        Assert.NotEqual(0, _machine.Vmadm(Payload("bhyve", "", """{"size": 16, "zpool": "tank"}, {"size": 8}, {"size": 8}"""), "create").Status);
        Assert.DoesNotContain(_machine.Datasets.List(null), dataset => dataset.Name.Contains("disk", StringComparison.Ordinal));
    }

    [Fact]
    public void A_budget_lets_a_clone_be_larger_and_counts_what_is_left_of_it()
    {
        Create("bhyve", "\"flexible_disk_size\": 200,", """{"image_uuid": "IMAGE", "size": 100}, {"size": 30}""");
        Assert.Equal(((100L << 20).ToString(), (100L << 20).ToString()), (Property("disk0", "volsize"), Property("disk0", "refreservation")));
        Assert.Equal((70, 200, 40), ((int)_machine.Get(Vm)["free_space"]!, (int)_machine.Get(Vm)["flexible_disk_size"]!, (int)_machine.Get(Vm)["disks"]![0]!["image_size"]!));
        Assert.Equal(((1L << 30) + (200L << 20)).ToString(), Property("", "quota"));
        Assert.Contains("disks take 230 MiB, and flexible_disk_size has 200", _machine.Vmadm("""{"add_disks": [{"size": 100}]}""", "update", Vm).Error);
        // Both in one: the budget first.
        _machine.Vmadm(null, "stop", Vm, "-F");
        Update("""{"flexible_disk_size": 300, "add_disks": [{"size": 100}]}""");
        Assert.Equal((70, ((1L << 30) + (300L << 20)).ToString()), ((int)_machine.Get(Vm)["free_space"]!, Property("", "quota")));
    }

    [Theory]
    [InlineData("bhyve", """{"image_uuid": "IMAGE", "size": 30}""", "30 is less than image")]
    [InlineData("bhyve", """{"image_uuid": "IMAGE", "size": 100}""", "without flexible_disk_size a clone has its image's size")]
    [InlineData("bhyve", """{"image_uuid": "IMAGE", "block_size": 4096}""", "disks.*.block_size is of a volume that is made anew")]
    [InlineData("bhyve", """{"size": 8, "block_size": 3000}""", "3000 is not a power of two from 512 to 131072")]
    [InlineData("bhyve", """{"size": 8, "compression": "brotli"}""", "\"brotli\" is not a compression of ZFS")]
    [InlineData("bhyve", """{"size": 8, "refreservation": 9}""", "9 is not within 0 (thin) to the size")]
    [InlineData("bhyve", """{"size": 8, "media": "floppy"}""", "\"floppy\" is neither disk nor cdrom")]
    [InlineData("bhyve", """{"media": "cdrom"}""", "a disk with media cdrom needs path")]
    [InlineData("bhyve", """{"media": "cdrom", "path": "/nowhere/x.iso"}""", "/nowhere/x.iso does not exist")]
    [InlineData("bhyve", """{"media": "cdrom", "path": "/nowhere/x.iso", "model": "nvme"}""", "has such drives of model ahci")]
    [InlineData("bhyve", """{"media": "cdrom", "path": "x.iso"}""", "x.iso is not an absolute path")]
    [InlineData("bhyve", """{"nocreate": true}""", "a disk with nocreate needs path")]
    [InlineData("bhyve", """{"nocreate": true, "path": "/etc"}""", "/etc is not a file")]
    [InlineData("bhyve", """{"nocreate": true, "path": "/dev/null"}""", "/dev/null is not a block device")]
    [InlineData("bhyve", """{"nocreate": true, "path": "/x", "image_uuid": "IMAGE"}""", "is of a disk that is made; /x is there already")]
    [InlineData("bhyve", """{"size": 8, "path": "/dev/zvol/zones/x"}""", "\"nocreate\": true uses one that is there")]
    [InlineData("bhyve", """{"size": 8, "zpool": "tank"}""", "\"tank\" is no pool of this machine")]
    [InlineData("bhyve", """{"size": 8, "pci_slot": "1:4:0"}""", "\"1:4:0\" is not 0:DEVICE:FUNCTION")]
    [InlineData("bhyve", """{"size": 8, "pci_slot": "0:31:0"}""", "devices 0, 6, 29, 30, 31 are the machine's own")]
    [InlineData("bhyve", """{"size": 8, "pci_slot": "0:6:0"}""", "this one is a NIC's")]
    [InlineData("bhyve", """{"size": 8, "pci_slot": "0:5:0"}, {"size": 8, "pci_slot": "0:5:0"}""", "both have pci_slot 0:5:0")]
    [InlineData("bhyve", """{"size": 8, "guest_block_size": "4096/512"}""", "is not SIZE or LOGICAL/PHYSICAL")]
    [InlineData("bhyve", """{"size": 8, "guest_block_size": "4096", "model": "ahci"}""", "a disk of model ahci has 512 at most")]
    [InlineData("bhyve", """{"size": 20000}""", "pool zones has 10 GiB left")]
    [InlineData("kvm", """{"media": "cdrom", "path": "/etc/passwd"}, {"media": "cdrom", "path": "/etc/group"}""", "more drives with media of model ide than there are places for (1)")]
    public void A_disk_that_cannot_be_is_refused_before_anything_is_made(string brand, string disks, string words) => Refused(words, brand, disks);

    [Fact]
    public void Changes_are_made_at_once_at_the_next_boot_or_stopped_as_each_can_be()
    {
        Create("bhyve", "", """{"image_uuid": "IMAGE"}, {"size": 8}""");
        string disk0 = $"/dev/zvol/zones/{Vm}/disk0", disk1 = $"/dev/zvol/zones/{Vm}/disk1";
        _machine.Runtime.Calls.Clear();
        Update($$"""{"update_disks": [{"path": "{{disk1}}", "size": 20, "compression": "zstd"}]}""");
        Assert.Equal(((20L << 20).ToString(), (20L << 20).ToString(), "zstd"), (Property("disk1", "volsize"), Property("disk1", "refreservation"), Property("disk1", "compression")));
        Assert.Contains($"grow {Vm} 1 20", _machine.Runtime.Calls);
        Update($$"""{"update_disks": [{"path": "{{disk1}}", "refreservation": 0}]}""");
        Assert.Equal("0", Property("disk1", "refreservation"));
        Assert.Contains("disks: takes effect when the VM is next started", Update($$"""{"update_disks": [{"path": "{{disk1}}", "model": "nvme", "notrim": true}]}""").Error);
        Assert.Equal(("nvme", true), ((string?)_machine.Get(Vm)["disks"]![1]!["model"], (bool)_machine.Get(Vm)["disks"]![1]!["notrim"]!));

        void No(string payload, string words)
        {
            var run = _machine.Vmadm(payload, "update", Vm);
            Assert.NotEqual(0, run.Status);
            Assert.Contains(words, run.Error);
        }
        No("""{"add_disks": [{"size": 8}]}""", "disks: needs the VM stopped");
        No($$"""{"remove_disks": ["{{disk1}}"]}""", "needs the VM stopped");
        No($$"""{"update_disks": [{"path": "{{disk1}}", "size": 10}]}""", "would cut off its end");
        No($$"""{"update_disks": [{"path": "{{disk1}}", "size": 10, "dangerous_allow_shrink": true}]}""", "needs the VM stopped");
        No("""{"update_disks": [{"path": "/dev/zvol/x", "size": 10}]}""", $"the VM has no disk /dev/zvol/x (it has {disk0}, {disk1})");
        No("""{"remove_disks": ["/dev/zvol/x"]}""", "the VM has no disk /dev/zvol/x");
        No($$"""{"update_disks": [{"path": "{{disk1}}", "boot": true}]}""", "more than one disk boots");

        _machine.Vmadm(null, "stop", Vm, "-F");
        Update($$"""{"update_disks": [{"path": "{{disk1}}", "size": 10, "dangerous_allow_shrink": true}]}""");
        Assert.Equal((10L << 20).ToString(), Property("disk1", "volsize"));
        Update($$"""{"remove_disks": ["{{disk1}}"], "add_disks": [{"image_uuid": "IMAGE"}, {"size": 12}]}""".Replace("IMAGE", TestMachine.DiskImage, StringComparison.Ordinal));
        // A new one is not taken for the one that went.
        Assert.Equal([disk0, $"/dev/zvol/zones/{Vm}/disk2", $"/dev/zvol/zones/{Vm}/disk3"], _machine.Get(Vm)["disks"]!.AsArray().Select(disk => (string)disk!["path"]!));
        Assert.Equal((false, $"zones/{TestMachine.DiskImage}@final"), (_machine.Datasets.Exists(DatasetName.Parse($"zones/{Vm}/disk1")), Property("disk2", "origin")));
        No($$"""{"remove_disks": ["{{disk0}}"], "add_disks": [{"path": "{{disk0}}", "size": 8}]}""", "is removed by the same update");
    }

    [Fact]
    public void An_update_whose_volume_cannot_be_made_changes_nothing()
    {
        Create("bhyve", "\"autoboot\": false,", """{"size": 8}""");
        _machine.BeforeDataset = (operation, name) => _ = operation == "create" && name.EndsWith("disk2", StringComparison.Ordinal) ? throw new DatasetException(DatasetException.FailedCode, name, "out of space") : 0;
        string payload = $$"""{"add_disks": [{"size": 8}, {"size": 8}], "update_disks": [{"path": "/dev/zvol/zones/{{Vm}}/disk0", "size": 16}]}""";
        Assert.Contains("out of space", _machine.Vmadm(payload, "update", Vm).Error);
        Assert.Equal([$"zones/{Vm}/disk0"], _machine.Datasets.List(DatasetName.Parse("zones/" + Vm)).Select(d => d.Name).Where(name => name.Contains("disk", StringComparison.Ordinal)));
        Assert.Equal(((8L << 20).ToString(), (8L << 20).ToString(), 1), (Property("disk0", "volsize"), Property("disk0", "refreservation"), _machine.Get(Vm)["disks"]!.AsArray().Count));
        Assert.False(_machine.Host.Unfinished.Exists(Vm));
    }

    [Fact]
    public void A_disk_that_another_was_cloned_from_is_not_removed()
    {
        Create("bhyve", "\"autoboot\": false,", """{"size": 8}, {"size": 8}""");
        var snapshot = DatasetName.Parse($"zones/{Vm}/disk1").At("mine");
        _machine.Datasets.Snapshot(snapshot);
        _machine.Datasets.Clone(snapshot, DatasetName.Parse("zones/other"));
        var run = _machine.Vmadm($$"""{"remove_disks": ["/dev/zvol/zones/{{Vm}}/disk1"]}""", "update", Vm);
        Assert.NotEqual(0, run.Status);
        Assert.Contains("has clones, which cannot be without it: zones/other", run.Error);
        Assert.Equal(2, _machine.Get(Vm)["disks"]!.AsArray().Count);
    }

    private Run Update(string payload)
    {
        var run = _machine.Vmadm(payload, "update", Vm);
        Assert.Equal((0, ""), (run.Status, run.Status == 0 ? "" : run.Error));
        return run;
    }

    private string Media()
    {
        string path = _machine.At("media.iso");
        File.WriteAllBytes(path, new byte[2048]);
        return path;
    }

    private string[] Slots() => [.. _machine.Get(Vm)["disks"]!.AsArray().Select(disk => (string)disk!["pci_slot"]!)];

    private void Refused(string words, string brand, string disks)
    {
        int before = _machine.Datasets.List(null).Count;
        var run = _machine.Vmadm(Payload(brand, "", disks), "create");
        Assert.NotEqual(0, run.Status);
        Assert.Contains(words, run.Error);
        Assert.Equal(before, _machine.Datasets.List(null).Count);
    }

    private void Create(string brand, string more, string disks)
    {
        var run = _machine.Vmadm(Payload(brand, $"\"uuid\": \"{Vm}\", " + more, disks), "create");
        Assert.Equal((0, ""), (run.Status, run.Status == 0 ? "" : run.Error));
    }

    private static string Payload(string brand, string more, string disks) =>
        $$"""{"brand": "{{brand}}", {{more}} "disks": [{{disks}}], "nics": [{"nic_tag": "admin", "ip": "dhcp"}]}""".Replace("IMAGE", TestMachine.DiskImage, StringComparison.Ordinal);

    private string? Property(string disk, string name) => _machine.Datasets.GetProperties(DatasetName.Parse(disk.Length == 0 ? $"zones/{Vm}" : $"zones/{Vm}/{disk}"), name)[name];
}
