using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Migrate;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Snapshots of hardware VMs, the way back to one, and their way to another machine: with all their disks.</summary>
public sealed class MachineCopyTests : IDisposable
{
    private const string Vm = "aaaaaaaa-0000-4000-8000-000000000001", Disk0 = $"zones/{Vm}/disk0", Disk1 = $"zones/{Vm}/disk1";

    private readonly TwoMachines _two = new();

    public void Dispose() => _two.Dispose();

    [Fact]
    public void A_snapshot_is_of_all_disks_and_a_rollback_brings_back_what_was_on_them_and_their_configuration()
    {
        Create("""{"image_uuid": "IMAGE"}, {"size": 8}""");
        Write(Disk1, "before");
        Do(null, "create-snapshot", Vm, "one");
        Assert.All([$"zones/{Vm}", Disk0, Disk1], dataset => Assert.True(_two.A.Datasets.Exists(DatasetName.Parse(dataset).At("vmsnap-one"))));
        Assert.Equal("one", (string?)_two.A.Get(Vm)["snapshots"]![0]!["name"]);
        Write(Disk1, "after");
        Do(null, "stop", Vm, "-F");
        Do($$"""{"add_disks": [{"size": 16}], "update_disks": [{"path": "/dev/zvol/{{Disk1}}", "model": "nvme"}]}""", "update", Vm);
        Do(null, "rollback-snapshot", Vm, "one");
        Assert.Equal("before", Read(_two.A, Disk1));
        Assert.Equal(["virtio", "virtio"], _two.A.Get(Vm)["disks"]!.AsArray().Select(disk => (string)disk!["model"]!));
        Assert.False(_two.A.Datasets.Exists(DatasetName.Parse($"zones/{Vm}/disk2")));
        Assert.Equal("running", (string?)_two.A.Get(Vm)["state"]);
        Do(null, "delete-snapshot", Vm, "one");
        Assert.DoesNotContain(_two.A.Datasets.List(DatasetName.Parse($"zones/{Vm}"), DatasetKinds.Snapshot), _ => true);
    }

    [Fact]
    public void A_disk_that_was_removed_does_not_come_back_and_one_that_came_does_not_go_unsaid()
    {
        Create("""{"size": 8}, {"size": 8}""");
        Do(null, "create-snapshot", Vm, "one");
        Do(null, "stop", Vm, "-F");
        Do($$"""{"remove_disks": ["/dev/zvol/{{Disk1}}"]}""", "update", Vm);
        Assert.Contains($"{Disk1} was removed since snapshot one, with all that was on it", _two.A.Vmadm(null, "rollback-snapshot", Vm, "one").Error);
        Do(null, "rollback-snapshot", Vm, "one", "--keep-config");
        Do(null, "stop", Vm, "-F");
        Do("""{"add_disks": [{"size": 8}]}""", "update", Vm);
        Assert.Contains($"{Disk1} came after snapshot one and would be destroyed", _two.A.Vmadm(null, "rollback-snapshot", Vm, "one", "--keep-config").Error);
    }

    [Theory]
    [InlineData("create-snapshot", "one")]
    [InlineData("send")]
    public void What_would_leave_a_disk_out_is_refused_by_its_name(string verb, params string[] more)
    {
        string raw = _two.A.At("raw.img");
        File.WriteAllBytes(raw, new byte[1 << 20]);
        _two.A.Datasets.AddPool("tank");
        Create($$"""{"size": 8}, {"path": "{{raw}}", "nocreate": true}, {"size": 8, "zpool": "tank"}""");
        var run = _two.A.Vmadm(null, [verb, Vm, .. more]);
        Assert.NotEqual(0, run.Status);
        Assert.Contains($"would be left out of \"vmadm {verb}\": {raw}, /dev/zvol/tank/{Vm}-disk0", run.Error);
    }

    [Fact]
    public void It_is_sent_with_its_disks_as_clones_of_the_image_that_is_there()
    {
        Create("""{"image_uuid": "IMAGE", "compression": "lz4"}, {"size": 8, "model": "nvme"}, {"size": 16, "refreservation": 0}""");
        Write(Disk0, "system");
        Write(Disk1, "data");
        byte[] stream = _two.Sent(Vm);
        Assert.Equal("stopped", (string?)_two.A.Get(Vm)["state"]);
        Assert.Equal((0, ""), (_two.Receive(stream) is var got ? got.Status : 1, got.Status == 0 ? "" : got.Error));
        var install = _two.B.Vmadm(null, "install", Vm);
        Assert.Equal((0, ""), (install.Status, install.Status == 0 ? "" : install.Error));
        Assert.Equal(("system", "data"), (Read(_two.B, Disk0), Read(_two.B, Disk1)));
        string? At(string disk, string name) => _two.B.Datasets.GetProperties(DatasetName.Parse(disk), name)[name];
        Assert.Equal($"zones/{TestMachine.DiskImage}@final", At(Disk0, "origin"));
        Assert.Equal(((40L << 20).ToString(), "lz4", (8L << 20).ToString(), "0"), (At(Disk0, "refreservation"), At(Disk0, "compression"), At(Disk1, "refreservation"), At($"zones/{Vm}/disk2", "refreservation")));
        Assert.True(JsonNode.DeepEquals(_two.A.Get(Vm)["disks"], _two.B.Get(Vm)["disks"]));
        Assert.Equal("running", (string?)_two.B.Get(Vm)["state"]);
    }

    [Fact]
    public void Without_the_image_there_it_is_refused_before_data_flow_or_sent_whole()
    {
        Create("""{"image_uuid": "IMAGE"}""");
        Write(Disk0, "system");
        byte[] stream = _two.Sent(Vm);
        _two.B.HasImages = false;
        Assert.Contains($"disk0 of VM {Vm} is a clone of image {TestMachine.DiskImage}, which is not on pool zones", _two.Receive(stream).Error);
        Assert.Equal("", _two.B.Vmadm(null, "list", "-H").Out);
        Assert.Equal(0, _two.Receive(_two.Sent(Vm, "--full")).Status);
        Assert.Equal(0, _two.B.Vmadm(null, "install", Vm).Status);
        Assert.Equal(("system", null), (Read(_two.B, Disk0), _two.B.Datasets.GetProperties(DatasetName.Parse(Disk0), "origin")["origin"]));
    }

    [Fact]
    public void It_moves_with_what_was_written_between_the_rounds()
    {
        Create("""{"image_uuid": "IMAGE"}, {"size": 8}""");
        bool written = false;
        _two.A.BeforeDataset = (operation, _) =>
        {
            if (operation == "send" && !written)
            {
                written = true;
                Write(Disk1, "written while it was sent");
            }
        };
        new VmMigration(_two.A.NewHost(), new MachineTarget(_two.B), new MigrationReport(_ => { }, _ => { })).Move(Vm, full: false);
        Assert.Equal("written while it was sent", Read(_two.B, Disk1));
        Assert.Equal(("stopped", "running"), ((string?)_two.A.Get(Vm)["state"], (string?)_two.B.Get(Vm)["state"]));
    }

    private void Write(string disk, string text) => _two.A.Datasets.SetContent(DatasetName.Parse(disk), System.Text.Encoding.UTF8.GetBytes(text));

    private static string Read(TestMachine machine, string disk) => System.Text.Encoding.UTF8.GetString(machine.Datasets.GetContent(DatasetName.Parse(disk)));

    private void Do(string? payload, params string[] words)
    {
        var run = _two.A.Vmadm(payload, words);
        Assert.Equal((0, ""), (run.Status, run.Status == 0 ? "" : run.Error));
    }

    private void Create(string disks) => Do(
        $$"""{"brand": "bhyve", "uuid": "{{Vm}}", "disks": [{{disks}}], "nics": [{"nic_tag": "admin", "ip": "dhcp"}]}""".Replace("IMAGE", TestMachine.DiskImage, StringComparison.Ordinal), "create");
}
