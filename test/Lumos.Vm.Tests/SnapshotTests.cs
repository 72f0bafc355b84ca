using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Lumos.Zones.Checkpoints;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class SnapshotTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void One_is_taken_shown_and_destroyed()
    {
        string uuid = _machine.Create();
        string before = (string)_machine.Get(uuid)["last_modified"]!;
        var create = _machine.Vmadm(null, "create-snapshot", uuid, "before%the:change");
        Assert.Equal((0, "", $"Created snapshot before%the:change for VM {uuid}\n"), (create.Status, create.Out, create.Error));
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "2").Status);

        var vm = _machine.Get(uuid);
        Assert.Equal("""[{"name":"before%the:change","created_at":"2023-11-14T22:13:20.000Z","size":0},{"name":"2","created_at":"2023-11-14T22:13:20.000Z","size":0}]""", vm["snapshots"]!.ToJsonString());
        Assert.True(string.CompareOrdinal(before, (string)vm["last_modified"]!) < 0);
        Assert.True(_machine.Datasets.Exists(SnapshotName.Parse($"zones/{uuid}@vmsnap-before the:change")));

        var delete = _machine.Vmadm(null, "delete-snapshot", uuid, "before%the:change");
        Assert.Equal((0, $"Deleted snapshot before%the:change for VM {uuid}\n"), (delete.Status, delete.Error));
        Assert.Equal("2", (string?)_machine.Get(uuid)["snapshots"]![0]!["name"]);
    }

    [Fact]
    public void Lookup_shows_snapshots_where_they_are_asked_for_and_list_does_not_look_for_them()
    {
        string uuid = _machine.Create();
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        var all = JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j").Out)!.AsArray();
        Assert.Equal("s", (string?)all[0]!["snapshots"]![0]!["name"]);
        var some = JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j", "-o", "uuid,snapshots").Out)!.AsArray();
        Assert.Equal(["uuid", "snapshots"], some[0]!.AsObject().Select(p => p.Key));
        var none = JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j", "-o", "uuid,alias").Out)!.AsArray();
        Assert.Equal(["uuid"], none[0]!.AsObject().Select(p => p.Key));
    }

    [Fact]
    public void Lookup_looks_at_the_snapshots_of_what_it_finds_and_at_all_only_where_it_finds_many()
    {
        var uuids = Enumerable.Range(0, 20).Select(_ => _machine.Create(""", "autoboot": false""")).ToList();
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuids[3], "s").Status);
        var looks = new List<string?>();
        _machine.Datasets.OnList = (dataset, kinds) =>
        {
            if (kinds == DatasetKinds.Snapshot)
            {
                looks.Add(dataset?.Value);
            }
        };
        Assert.Equal("s", (string?)JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j", $"uuid={uuids[3]}").Out)![0]!["snapshots"]![0]!["name"]);
        Assert.Equal([$"zones/{uuids[3]}"], looks);
        looks.Clear();
        Assert.Equal("[]\n", _machine.Vmadm(null, "lookup", "-j", "alias=nobody").Out);
        Assert.Empty(looks);
        var all = JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j", "-o", "uuid,snapshots").Out)!.AsArray();
        Assert.Equal([null], looks);
        Assert.Equal("s", (string?)all.Single(vm => (string?)vm!["uuid"] == uuids[3])!["snapshots"]![0]!["name"]);
        Assert.All(all.Where(vm => (string?)vm!["uuid"] != uuids[3]), vm => Assert.Empty(vm!["snapshots"]!.AsArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a@b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234+")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void A_name_that_breaks_the_rule_is_refused(string name)
    {
        string uuid = _machine.Create();
        foreach (string verb in (string[])["create-snapshot", "delete-snapshot"])
        {
            var run = _machine.Vmadm(null, verb, uuid, name);
            Assert.Equal((1, ""), (run.Status, run.Out));
            Assert.Contains("Invalid snapshot name", run.Error);
        }
        Assert.Empty(_machine.Get(uuid)["snapshots"]!.AsArray());
    }

    [Fact]
    public void Every_name_the_rule_allows_comes_back_as_it_was_given()
    {
        const string all = "ABCXYZabcxyz0189-_.:%%";
        var label = SnapshotLabel.Parse(all);
        Assert.True(SnapshotLabel.TryOf(label.Of(DatasetName.Parse("zones/x")), out var back));
        Assert.Equal(all, back.Text);
        Assert.False(SnapshotLabel.TryOf(SnapshotName.Parse("zones/x@final"), out _));
    }

    [Fact]
    public void Wrong_words_are_usage_errors_and_wrong_VMs_failures()
    {
        string uuid = _machine.Create();
        Assert.Equal(2, _machine.Vmadm(null, "create-snapshot").Status);
        Assert.Equal(2, _machine.Vmadm(null, "create-snapshot", uuid).Status);
        Assert.Equal(2, _machine.Vmadm(null, "delete-snapshot", uuid, "a", "b").Status);
        Assert.Contains("No such zone configured", _machine.Vmadm(null, "create-snapshot", "aaaaaaaa-0000-4000-8000-00000000ffff", "s").Error);
        var missing = _machine.Vmadm(null, "delete-snapshot", uuid, "none");
        Assert.Equal((1, $"VM {uuid} has no snapshot none\n"), (missing.Status, missing.Error));
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        var twice = _machine.Vmadm(null, "create-snapshot", uuid, "s");
        Assert.Equal((1, $"VM {uuid} has a snapshot s already\n"), (twice.Status, twice.Error));
    }

    [Fact]
    public void It_holds_the_configuration_of_its_instant()
    {
        string uuid = _machine.Create(""", "alias": "then", "ram": 256""");
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Vmadm(null, "update", uuid, "alias=now", "ram=512");
        var kept = KeptConfiguration.Of(_machine.Datasets, SnapshotName.Parse($"zones/{uuid}@vmsnap-s"))!;
        Assert.Equal(("then", 256L << 20), (kept.Base64Attr("alias"), kept.Rctl("zone.max-physical-memory")));
        Assert.Equal("now", _machine.Host.Zones.Load(ZoneName.Parse(uuid)).Base64Attr("alias"));
    }

    [Fact]
    public void One_of_a_VM_whose_first_boot_goes_on_is_refused()
    {
        _machine.Runtime.OnBoot = null;
        string uuid = _machine.Create(""", "nowait": true""");
        var run = _machine.Vmadm(null, "create-snapshot", uuid, "s");
        Assert.Equal((1, $"cannot take a snapshot of VM {uuid}: it is provisioning\n"), (run.Status, run.Error));
    }

    [Fact]
    public void What_the_storage_refuses_leaves_nothing_and_is_told()
    {
        string uuid = _machine.Create();
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "snapshot")
            {
                throw new DatasetException(DatasetException.FailedCode, name, "there is no space left");
            }
        };
        var run = _machine.Vmadm(null, "create-snapshot", uuid, "s");
        Assert.Equal((1, $"Failed to create snapshot s of VM {uuid}: there is no space left\n"), (run.Status, run.Error));
        Assert.Empty(_machine.Get(uuid)["snapshots"]!.AsArray());
    }
}
