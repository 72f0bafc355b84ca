using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Lumos.Zones.Checkpoints;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class RollbackTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void It_stops_hard_goes_back_with_files_and_configuration_and_starts()
    {
        string uuid = WithSnapshot();
        _machine.Vmadm(null, "create-snapshot", uuid, "later");
        _machine.Vmadm(null, "stop", uuid);
        var run = _machine.Vmadm(null, "rollback-snapshot", uuid, "s");
        Assert.Equal((0, $"Rolled back snapshot s for VM {uuid}\n"), (run.Status, run.Error));
        AssertBack(uuid, "running");
        Assert.Equal("s", Assert.Single(_machine.Get(uuid)["snapshots"]!.AsArray())!["name"]!.GetValue<string>());

        File.WriteAllText(InRoot(uuid), "changed again");
        _machine.Runtime.Calls.Clear();
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", uuid, "s").Status);
        AssertBack(uuid, "running");
        Assert.Equal([$"halt {uuid}", $"boot {uuid}"], _machine.Runtime.Calls);
    }

    [Fact]
    public void Keep_state_leaves_a_stopped_VM_stopped_and_a_running_one_running()
    {
        string uuid = WithSnapshot();
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", "--keep-state", uuid, "s").Status);
        AssertBack(uuid, "running");
        _machine.Vmadm(null, "stop", uuid);
        File.WriteAllText(InRoot(uuid), "changed again");
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", "--keep-state", uuid, "s").Status);
        AssertBack(uuid, "stopped");
        Assert.False((bool)_machine.Get(uuid)["autoboot"]!);
    }

    [Fact]
    public void Keep_config_takes_back_the_data_alone()
    {
        string uuid = WithSnapshot();
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", "--keep-config", uuid, "s").Status);
        Assert.Equal("then", File.ReadAllText(InRoot(uuid)));
        Assert.Equal("now", (string?)_machine.Get(uuid)["alias"]);
    }

    [Fact]
    public void A_configuration_that_would_take_what_another_has_now_is_refused_before_anything_stops()
    {
        string uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}]""");
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        string mac = (string)_machine.Get(uuid)["nics"]![0]!["mac"]!;
        Assert.Equal(0, _machine.Vmadm($$"""{"remove_nics": ["{{mac}}"]}""", "update", uuid).Status);
        string other = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}]""");
        _machine.Runtime.Calls.Clear();
        var run = _machine.Vmadm(null, "rollback-snapshot", uuid, "s");
        Assert.Equal(1, run.Status);
        Assert.Contains("--keep-config", run.Error);
        Assert.Contains($"10.0.0.5 on nic tag admin is in use by VM {other}", run.Error);
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", "--keep-config", uuid, "s").Status);
    }

    [Fact]
    public void What_cannot_be_destroyed_is_refused_before_anything_stops()
    {
        string uuid = WithSnapshot();
        _machine.Vmadm(null, "create-snapshot", uuid, "later");
        _machine.Datasets.Clone(SnapshotName.Parse($"zones/{uuid}@vmsnap-later"), DatasetName.Parse("zones/clone"));
        _machine.Runtime.Calls.Clear();
        var run = _machine.Vmadm(null, "rollback-snapshot", uuid, "s");
        Assert.Equal(1, run.Status);
        Assert.Contains("has clones: zones/clone", run.Error);
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal(1, _machine.Vmadm(null, "rollback-snapshot", uuid, "none").Status);
        Assert.Equal(2, _machine.Vmadm(null, "rollback-snapshot", uuid).Status);
    }

    [Fact]
    public void The_plan_takes_all_below_along_and_destroys_what_was_made_later()
    {
        string uuid = _machine.Create();
        var root = DatasetName.Parse($"zones/{uuid}");
        _machine.Datasets.Create(root.Child("data"));
        _machine.Datasets.Create(root.Child("forgotten"));
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Datasets.Create(root.Child("late").Child("deep"), parents: true);
        _machine.Datasets.DestroySnapshot(SnapshotName.Parse($"zones/{uuid}/forgotten@vmsnap-s"));
        var plan = RollbackPlan.For(new RollbackWish(SnapshotLabel.Parse("s"), Boots: true, KeepsConfiguration: false),
            _machine.Datasets.List(root, DatasetKinds.Live, null, ["createtxg"]), _machine.Datasets.List(root, DatasetKinds.Snapshot, null, ["createtxg"]));
        Assert.Equal($"""
            1. write down that a rollback is under way  [undo: remove the note]
            2. halt the zone  [undo: boot it again, if it ran]
            3. roll back to zones/{uuid}@vmsnap-s, destroying later snapshots
            4. roll back to zones/{uuid}/data@vmsnap-s, destroying later snapshots
            5. destroy zones/{uuid}/late, which was made later
            6. put back the configuration of the snapshot, with autoboot
            7. boot
            8. remove the note

            """, plan.Render().ReplaceLineEndings("\n"));
        Assert.Equal([root.Child("forgotten")], plan.LeftAsTheyAre);
        var run = _machine.Vmadm(null, "rollback-snapshot", uuid, "s");
        Assert.Equal((0, $"Rolled back snapshot s for VM {uuid}\n"), (run.Status, run.Error));
        Assert.Contains($"{root}/forgotten has no snapshot s any more and stays as it is", _machine.Said);
        Assert.False(_machine.Datasets.Exists(root.Child("late")));
    }

    [Fact]
    public void A_storage_that_refuses_leaves_the_VM_running_as_it_was()
    {
        string uuid = WithSnapshot();
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "rollback")
            {
                throw new DatasetException(DatasetException.HasClonesCode, name, "no");
            }
        };
        var run = _machine.Vmadm(null, "rollback-snapshot", uuid, "s");
        Assert.Equal((1, $"Failed to roll back VM {uuid} to snapshot s: no\n"), (run.Status, run.Error));
        var vm = _machine.Get(uuid);
        Assert.Equal(("running", "now"), ((string?)vm["state"], (string?)vm["alias"]));
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
    }

    /// <summary>Cut short after each step, by kill -9 or a power cut: whoever comes next finds it done.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    public void Cut_short_after_any_step_it_is_finished_by_who_comes_next(int steps, bool byDaemon)
    {
        string uuid = WithSnapshot(data: true);
        var (host, name, root) = (_machine.Host, ZoneName.Parse(uuid), DatasetName.Parse($"zones/{uuid}"));
        var wish = new RollbackWish(SnapshotLabel.Parse("s"), Boots: true, KeepsConfiguration: false);
        Action[] done =
        [
            () => host.Unfinished.Write(uuid, wish.ToNote()),
            () => _machine.Runtime.Halt(name),
            () => host.Datasets.Rollback(wish.Label.Of(root), destroyLater: true),
            () => host.Datasets.Rollback(wish.Label.Of(root.Child("data")), destroyLater: true),
            () => host.Zones.Save(KeptConfiguration.Restored(host.Zones.Load(name), KeptConfiguration.In(_machine.At($"zones/{uuid}"))!)),
            () => host.Unfinished.Write(uuid, new UnfinishedWork("boot", [])),
        ];
        foreach (var step in done.Take(steps))
        {
            step();
        }
        if (byDaemon)
        {
            using var admin = new RunningAdmin(_machine);
            Wait.Until(() => !host.Unfinished.Exists(uuid) && (string?)_machine.Get(uuid)["state"] == "running");
        }
        else
        {
            Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "next").Status);
        }
        AssertBack(uuid, "running");
        Assert.Equal("then", System.Text.Encoding.UTF8.GetString(_machine.Datasets.GetContent(root.Child("data"))));
    }

    [Fact]
    public void What_cannot_be_finished_is_told_and_the_VM_can_still_be_deleted()
    {
        string uuid = WithSnapshot();
        _machine.Host.Unfinished.Write(uuid, new RollbackWish(SnapshotLabel.Parse("s"), true, false).ToNote());
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "rollback")
            {
                throw new DatasetException(DatasetException.HasClonesCode, name, "no");
            }
        };
        var run = _machine.Vmadm(null, "start", uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"a rollback of VM {uuid} was cut short and cannot be finished", run.Error);
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
    }

    private string InRoot(string uuid) => _machine.At($"zones/{uuid}/root/file");

    /// <summary>A running VM with a snapshot s, after which its file, alias and tags were changed.</summary>
    private string WithSnapshot(bool data = false)
    {
        string uuid = _machine.Create(""", "alias": "then", "tags": {"when": "then"}""");
        var delegated = DatasetName.Parse($"zones/{uuid}/data");
        File.WriteAllText(InRoot(uuid), "then");
        if (data)
        {
            _machine.Datasets.Create(delegated);
            _machine.Datasets.SetContent(delegated, "then"u8.ToArray());
        }
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "s").Status);
        File.WriteAllText(InRoot(uuid), "now");
        if (data)
        {
            _machine.Datasets.SetContent(delegated, "now"u8.ToArray());
        }
        Assert.Equal(0, _machine.Vmadm("""{"alias": "now", "set_tags": {"when": "now"}}""", "update", uuid).Status);
        return uuid;
    }

    private void AssertBack(string uuid, string state)
    {
        var vm = _machine.Get(uuid);
        Assert.Equal((state, "then", """{"when":"then"}"""), ((string?)vm["state"], (string?)vm["alias"], vm["tags"]!.ToJsonString()));
        Assert.Equal("then", File.ReadAllText(InRoot(uuid)));
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
    }
}
