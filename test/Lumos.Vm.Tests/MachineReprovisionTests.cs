using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>A hardware VM gets another disk to boot from, and keeps all else. Cut short: CrashTests.</summary>
public sealed class MachineReprovisionTests : IDisposable
{
    private const string Uuid = "aaaaaaaa-0000-4000-8000-000000000001", Mark = "org.lumos.test:mark";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("bhyve", 60, "\"flexible_disk_size\": 200,")]
    [InlineData("kvm", 40, "")]
    public void The_disk_that_boots_is_a_fresh_clone_of_its_size_and_the_others_and_the_configuration_stay(string brand, int size, string more)
    {
        Create($$"""{"image_uuid": "{{TestMachine.DiskImage}}", "size": {{size}}, "refreservation": 0}, {"size": 16}""", brand, more);
        MarkAll("old");
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", Uuid, "one").Status);
        var before = _machine.Get(Uuid);
        var run = Reprovision();
        Assert.Equal((0, true), (run.Status, run.Error.Contains($"Successfully reprovisioned VM {Uuid}", StringComparison.Ordinal)));
        Assert.Contains("the snapshots of the old root are destroyed with it: one", run.Error, StringComparison.Ordinal);
        Assert.Equal((null, "old"), (Property("disk0", Mark), Property("disk1", Mark)));
        Assert.Equal(($"zones/{TestMachine.DiskImage}@final", $"{size << 20}"), (Property("disk0", "origin"), Property("disk0", "volsize")));
        Assert.Empty(_machine.Datasets.List(DatasetName.Parse("zones/" + Uuid), DatasetKinds.Snapshot));
        Assert.DoesNotContain(_machine.Datasets.List(null), dataset => dataset.Name.Contains("reprovisioning", StringComparison.Ordinal));
        var after = _machine.Get(Uuid);
        Assert.Equal("running", (string?)after["state"]);
        Assert.Equal(before["disks"]!.ToJsonString(), after["disks"]!.ToJsonString());
        Assert.Equal(before["nics"]!.ToJsonString(), after["nics"]!.ToJsonString());
    }

    [Fact]
    public void One_that_was_stopped_is_started_or_stays_so()
    {
        Create($$"""{"image_uuid": "{{TestMachine.DiskImage}}"}""");
        Assert.Equal(0, _machine.Vmadm(null, "stop", "-F", Uuid).Status);
        Assert.Equal(0, Reprovision("--keep-state").Status);
        Assert.Equal("stopped", (string?)_machine.Get(Uuid)["state"]);
        Assert.Equal(0, Reprovision().Status);
        Assert.Equal(("running", true), ((string?)_machine.Get(Uuid)["state"], (bool)_machine.Get(Uuid)["autoboot"]!));
    }

    [Theory]
    [InlineData("""{"size": 8}""", TestMachine.DiskImage, "is of 40 MiB, and /dev/zvol/zones/aaaaaaaa-0000-4000-8000-000000000001/disk0, which it would take the place of, of 8")]
    [InlineData("""{"size": 50}""", TestMachine.NativeImage, "is of type zone-dataset; brand bhyve needs zvol")]
    [InlineData("""{"size": 50}""", "99999999-0000-4000-8000-000000000009", "is not installed on pool zones")]
    [InlineData("""{"size": 50}""", "", "payload is missing image_uuid")]
    public void What_cannot_be_is_refused_before_anything_is_made(string disk, string image, string words)
    {
        Create(disk);
        MarkAll("old");
        var run = Reprovision(image: image);
        Assert.NotEqual(0, run.Status);
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
        Assert.Equal(("old", "running"), (Property("disk0", Mark), (string?)_machine.Get(Uuid)["state"]));
    }

    [Fact]
    public void A_disk_whose_successor_cannot_be_made_stays_and_its_guest_runs()
    {
        Create($$"""{"image_uuid": "{{TestMachine.DiskImage}}"}""");
        MarkAll("old");
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "clone")
            {
                throw new DatasetException(DatasetException.FailedCode, name, "out of space");
            }
        };
        Assert.Contains("out of space", Reprovision().Error, StringComparison.Ordinal);
        Assert.Equal(("old", "running"), (Property("disk0", Mark), (string?)_machine.Get(Uuid)["state"]));
        Assert.False(_machine.Host.Unfinished.Exists(Uuid));
    }

    private void Create(string disks, string brand = "bhyve", string more = "") =>
        Assert.Equal(0, _machine.Vmadm($$"""{"brand": "{{brand}}", "uuid": "{{Uuid}}", {{more}} "disks": [{{disks}}], "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}]}""", "create").Status);

    private void MarkAll(string mark)
    {
        foreach (var disk in _machine.Datasets.List(DatasetName.Parse("zones/" + Uuid), DatasetKinds.Volume))
        {
            _machine.Datasets.SetProperties(disk.Dataset, new Dictionary<string, string> { [Mark] = mark });
        }
    }

    private string? Property(string disk, string name) => _machine.Datasets.GetProperties(DatasetName.Parse($"zones/{Uuid}/{disk}"), name)[name];

    private Run Reprovision(string? word = null, string image = TestMachine.DiskImage) =>
        _machine.Vmadm(image.Length > 0 ? $$"""{"image_uuid": "{{image}}"}""" : "{}", ["reprovision", .. word is null ? [] : new[] { word }, Uuid]);
}
