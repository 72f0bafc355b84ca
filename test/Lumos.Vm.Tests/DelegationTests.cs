using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Delegation;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>delegate_dataset and what is said of the dataset that it makes.</summary>
public sealed class DelegationTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_dataset_is_made_given_and_shown()
    {
        string uuid = _machine.Create(""", "delegate_dataset": "true", "zfs_data_recsize": 16384, "zfs_snapshot_limit": 5, "zfs_filesystem_limit": 0""");
        var vm = _machine.Get(uuid);
        Assert.Equal($"""["zones/{uuid}/data"]""", vm["datasets"]!.ToJsonString());
        Assert.Equal((16384, "off", 5, 0), ((int)vm["zfs_data_recsize"]!, (string?)vm["zfs_data_compression"], (int)vm["zfs_snapshot_limit"]!, (int)vm["zfs_filesystem_limit"]!));
        Assert.False(vm.ContainsKey("delegate_dataset"));
        Assert.Equal("on", Property(uuid, "/data", "zoned"));
        Assert.Equal([$"zones/{uuid}/data"], _machine.Host.Zones.Load(ZoneName.Parse(uuid)).Datasets);
        Assert.Equal([DatasetName.Parse($"zones/{uuid}/data")], _machine.Runtime.LastBoot!.Datasets);
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.False(_machine.Datasets.Exists(DatasetName.Parse("zones/" + uuid)));
    }

    [Fact]
    public void A_VM_without_one_has_nothing_of_it()
    {
        string uuid = _machine.Create();
        Assert.Equal((false, false), (_machine.Get(uuid).ContainsKey("datasets"), _machine.Get(uuid).ContainsKey("zfs_data_recsize")));
        Assert.Equal(0, _machine.Vmadm("""{"zfs_data_compression": null, "alias": "x"}""", "update", uuid).Status);
        var update = _machine.Vmadm(null, "update", uuid, "zfs_data_recsize=4096");
        Assert.Equal(1, update.Status);
        Assert.Contains("\"delegate_dataset\": true at create", update.Error);
        Assert.Equal(1, _machine.Vmadm(null, "update", uuid, "delegate_dataset=true", "--strict").Status);
        var create = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "zfs_data_compression": "lz4"}""", "create");
        Assert.Equal(1, create.Status);
        Assert.Contains("zfs_data_compression is of the dataset that a VM is given", create.Error);
    }

    [Theory]
    [InlineData("zfs_data_recsize", "5000", "is not a power of two")]
    [InlineData("zfs_data_compression", "\"tight\"", "is not a compression of ZFS")]
    [InlineData("zfs_snapshot_limit", "-1", "-1")]
    public void Wrong_values_are_refused(string property, string value, string says)
    {
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "delegate_dataset": true, "{{property}}": {{value}}}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains(says, run.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    [Fact]
    public void Where_no_zone_can_have_one_it_is_refused_with_the_reason()
    {
        _machine.Datasets.DelegationFault = "pool zones is on btrfs, which has nothing of the kind";
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "delegate_dataset": true}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("delegate_dataset no zone can be given a dataset on this machine: pool zones is on btrfs", run.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    [Fact]
    public void What_is_said_of_the_root_is_not_said_of_it()
    {
        string uuid = _machine.Create(""", "delegate_dataset": true, "zfs_root_compression": "gzip", "zfs_root_recsize": 8192""");
        Assert.Equal(("gzip", "off", "131072"), (Property(uuid, "", "compression"), Property(uuid, "/data", "compression"), Property(uuid, "/data", "recordsize")));
        string other = _machine.Create(""", "delegate_dataset": true""");
        Assert.Equal(0, _machine.Vmadm(null, "update", other, "zfs_root_compression=lz4").Status);
        Assert.Equal(("lz4", "off"), (Property(other, "", "compression"), Property(other, "/data", "compression")));
        Assert.Equal("zfs_data_compression: live", _machine.Vmadm(null, "update", other, "zfs_data_compression=zstd").Error.Split('\n')[0]);
        Assert.Equal(("lz4", "zstd", "zstd"), (Property(other, "", "compression"), Property(other, "/data", "compression"), (string?)_machine.Get(other)["zfs_data_compression"]));
    }

    [Fact]
    public void Limits_are_set_taken_away_and_zero_is_a_limit()
    {
        string uuid = _machine.Create();
        Assert.Equal(0, _machine.Vmadm("""{"zfs_snapshot_limit": 0, "zfs_filesystem_limit": 3}""", "update", uuid).Status);
        Assert.Equal(("0", "3"), (Property(uuid, "", "snapshot_limit"), Property(uuid, "", "filesystem_limit")));
        Assert.Equal(0, (int)_machine.Get(uuid)["zfs_snapshot_limit"]!);
        Assert.Equal(0, _machine.Vmadm("""{"zfs_snapshot_limit": null, "zfs_filesystem_limit": ""}""", "update", uuid).Status);
        Assert.Equal(("none", "none"), (Property(uuid, "", "snapshot_limit"), Property(uuid, "", "filesystem_limit")));
        Assert.False(_machine.Get(uuid).ContainsKey("zfs_snapshot_limit"));
    }

    [Fact]
    public void A_change_that_fails_half_way_leaves_both_datasets_as_they_were()
    {
        string uuid = _machine.Create(""", "delegate_dataset": true""");
        int sets = 0;
        _machine.BeforeDataset = (what, name) =>
        {
            if (what == "set" && ++sets == 2)
            {
                throw new DatasetException(DatasetException.FailedCode, name, "no room");
            }
        };
        Assert.Equal(1, _machine.Vmadm("""{"zfs_root_compression": "lz4", "zfs_data_compression": "gzip"}""", "update", uuid).Status);
        _machine.BeforeDataset = null;
        Assert.Equal(("off", "off"), (Property(uuid, "", "compression"), Property(uuid, "/data", "compression")));
    }

    [Fact]
    public void A_snapshot_has_it_and_a_rollback_from_before_a_move_gives_its_files_to_the_zone_again()
    {
        string uuid = _machine.Create(""", "delegate_dataset": true""");
        var data = DatasetName.Parse($"zones/{uuid}/data");
        _machine.Datasets.SetContent(data, "then"u8.ToArray());
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "s").Status);
        _machine.Datasets.SetContent(data, "now"u8.ToArray());
        _machine.Datasets.SetProperties(data, new Dictionary<string, string> { [ZfsDelegation.IdsProperty] = "131072" });
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", uuid, "s").Status);
        Assert.Equal("then"u8.ToArray(), _machine.Datasets.GetContent(data));
        Assert.Equal("131072", Property(uuid, "/data", ZfsDelegation.IdsProperty));

        var zones = _machine.Host.Zones;
        zones.Save(zones.Load(ZoneName.Parse(uuid)) with { ZoneDid = 4711 });
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", uuid, "s").Status);
        Assert.Null(Property(uuid, "/data", ZfsDelegation.IdsProperty));
    }

    [Fact]
    public void It_moves_along_and_is_the_zones_there_too()
    {
        using var two = new TwoMachines();
        string uuid = two.A.Create(""", "delegate_dataset": true, "zfs_data_compression": "gzip" """);
        two.A.Datasets.SetContent(DatasetName.Parse($"zones/{uuid}/data"), "rows"u8.ToArray());
        Assert.Equal(0, two.Receive(two.Sent(uuid)).Status);
        Assert.Equal(0, two.B.Vmadm(null, "install", uuid).Status);
        var data = DatasetName.Parse($"zones/{uuid}/data");
        Assert.Equal("rows"u8.ToArray(), two.B.Datasets.GetContent(data));
        Assert.Equal(("on", "gzip"), (two.B.Datasets.GetProperties(data, "zoned")["zoned"], (string?)two.B.Get(uuid)["zfs_data_compression"]));
        Assert.Equal([data], two.B.Runtime.LastBoot!.Datasets);

        two.B.Datasets.DelegationFault = "this kernel has no ZFS loaded";
        string other = two.A.Create(""", "delegate_dataset": true""");
        Assert.Contains("no zone can be given a dataset", two.Receive(two.Sent(other)).Error);
    }

    private string? Property(string uuid, string below, string name) =>
        _machine.Datasets.GetProperties(DatasetName.Parse($"zones/{uuid}{below}"), name)[name];
}
