using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Reprovision;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class ReprovisionTests : IDisposable
{
    private const string Image = TestMachine.NativeImage;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_root_is_new_and_the_VM_the_same_one()
    {
        string uuid = Dirty();
        var before = _machine.Get(uuid);
        _machine.Runtime.Calls.Clear();
        var run = Reprovision(uuid);
        Assert.Equal((0, $"Successfully reprovisioned VM {uuid}\n"), (run.Status, run.Error));
        Assert.Equal([$"shutdown {uuid} Halt 60", $"boot {uuid}"], _machine.Runtime.Calls);
        AssertFresh(uuid);
        var after = _machine.Get(uuid);
        foreach (string name in (string[])["boot_timestamp", "last_modified", "zoneid"])
        {
            before.Remove(name);
            after.Remove(name);
        }
        Assert.Equal(before.ToJsonString(), after.ToJsonString());
        Assert.Equal("running", (string?)after["state"]);
        Assert.Equal("a core", File.ReadAllText(_machine.At($"zones/{uuid}/cores/core.1")));
        Assert.Equal("web\n", File.ReadAllText(_machine.At($"zones/{uuid}/root/etc/hostname")));
        Assert.Equal(("3221225472", "on"), (Property(uuid, "quota"), Property(uuid, "canmount")));
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void A_stopped_VM_is_started_unless_it_is_to_stay_as_it_is()
    {
        string uuid = Dirty();
        _machine.Vmadm(null, "stop", uuid);
        Assert.Equal(0, Reprovision(uuid, "--keep-state").Status);
        Assert.Equal(("stopped", false), ((string?)_machine.Get(uuid)["state"], (bool)_machine.Get(uuid)["autoboot"]!));
        AssertFresh(uuid);
        File.WriteAllText(InRoot(uuid), "dirt");
        Assert.Equal(0, Reprovision(uuid).Status);
        Assert.Equal(("running", true), ((string?)_machine.Get(uuid)["state"], (bool)_machine.Get(uuid)["autoboot"]!));
        AssertFresh(uuid);
    }

    [Fact]
    public void Delegated_data_stay_with_their_own_snapshots()
    {
        string uuid = Dirty();
        var data = DatasetName.Parse($"zones/{uuid}/data");
        _machine.Datasets.Create(data.Child("deep"), parents: true);
        _machine.Datasets.SetContent(data.Child("deep"), "kept"u8.ToArray());
        _machine.Datasets.SetProperties(data, new Dictionary<string, string> { ["zoned"] = "on" });
        _machine.Datasets.Snapshot(data.At("tenant"));
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        var run = Reprovision(uuid);
        Assert.Equal(0, run.Status);
        Assert.Contains("Warning: the snapshots of the old root are destroyed with it: s\n", run.Error);
        Assert.Equal("kept"u8.ToArray(), _machine.Datasets.GetContent(data.Child("deep")));
        Assert.Equal("on", _machine.Datasets.GetProperties(data, "zoned")["zoned"]);
        Assert.Equal([$"{data}@tenant"], _machine.Datasets.List(DatasetName.Parse($"zones/{uuid}"), DatasetKinds.Snapshot).Select(s => s.Name));
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "s").Status);
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void The_plan_of_a_VM_with_delegated_data()
    {
        string uuid = _machine.Create();
        var vm = _machine.Host.Load(uuid).Spec;
        var root = DatasetName.Parse($"zones/{uuid}");
        var plan = ReprovisionPlan.For(vm, new ReprovisionWish(Image, Ran: true, Boots: true, ReprovisionPhase.Preparing),
            SnapshotName.Parse($"zones/{Image}@final"), [root.Child("data")], [root.Child("data").At("vmsnap-s")]);
        Assert.Equal($"""
            1. write down that a reprovision is under way  [undo: remove the note]
            2. clone zones/{Image}@final to {root}-reprovisioning-new (canmount=noauto devices=off mountpoint=ROOT/{root}-reprovisioning-new quota=10737418240)  [undo: destroy {root}-reprovisioning-new]
            3. write configuration, hostname, hosts, resolv.conf, first boot marker in ROOT/{root}-reprovisioning-new
            4. stop the zone  [undo: boot it again, if it ran]
            5. copy ROOT/{root}/cores to ROOT/{root}-reprovisioning-new
            6. write down that the roots change places
            7. unmount {root}, rename it to {root}-reprovisioning-root
            8. rename {root}-reprovisioning-new to {root}, mount it
            9. rename {root}-reprovisioning-root/data to {root}/data
            10. save image_uuid={Image}, the wait for a first boot, autoboot
            11. destroy {root}-reprovisioning-root
            12. destroy {root}/data@vmsnap-s
            13. boot
            14. remove the note

            """, plan.Render().Replace(_machine.Root, "ROOT", StringComparison.Ordinal).ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("""{}""", "payload is missing image_uuid")]
    [InlineData("""{"image_uuid": "none"}""", "image_uuid")]
    [InlineData("""{"image_uuid": "99999999-9999-4999-8999-999999999999"}""", "imgadm import 99999999-9999-4999-8999-999999999999")]
    [InlineData("""{"image_uuid": "22222222-2222-4222-8222-222222222222"}""", "brand lx takes this one")]
    public void A_payload_that_names_no_image_for_it_changes_nothing(string payload, string says)
    {
        string uuid = Dirty();
        _machine.Runtime.Calls.Clear();
        var run = _machine.Vmadm(payload, "reprovision", uuid);
        Assert.Equal(1, run.Status);
        Assert.StartsWith($"Failed to reprovision VM {uuid}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(says, run.Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void Strict_refuses_what_would_be_lost_or_not_taken()
    {
        string uuid = Dirty();
        var other = _machine.Vmadm($$"""{"image_uuid": "{{Image}}", "ram": 512, "odd": 1}""", "reprovision", "--strict", uuid);
        Assert.Equal(1, other.Status);
        Assert.Contains("\"ram\" is not taken by reprovision", other.Error);
        Assert.Contains("\"odd\" is not a property vmadm knows", other.Error);
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Runtime.Calls.Clear();
        var run = Reprovision(uuid, "--strict");
        Assert.Equal(1, run.Status);
        Assert.Contains("the snapshots of the old root are destroyed with it: s", run.Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void Wrong_words_and_wrong_states_are_told()
    {
        string uuid = Dirty();
        Assert.Equal(2, _machine.Vmadm(null, "reprovision", uuid).Status);
        Assert.Equal(2, _machine.Vmadm("{}", "reprovision").Status);
        Assert.Equal(2, _machine.Vmadm("{}", "reprovision", uuid, "more").Status);
        const string None = "aaaaaaaa-0000-4000-8000-00000000dead";
        Assert.Equal($"zoneadm: {None}: No such zone configured\n", _machine.Vmadm("{}", "reprovision", None).Error);
        _machine.Vmadm(null, "stop", uuid);
        _machine.Host.Zones.SetState(ZoneName.Parse(uuid), ZoneState.Configured);
        Assert.Contains("it is configured", Reprovision(uuid).Error);
    }

    [Fact]
    public void A_snapshot_with_a_clone_is_told_before_anything_stops()
    {
        string uuid = Dirty();
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Datasets.Clone(SnapshotName.Parse($"zones/{uuid}@vmsnap-s"), DatasetName.Parse("zones/clone"));
        _machine.Runtime.Calls.Clear();
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"zones/{uuid}@vmsnap-s, which would be destroyed with the old root, has clones: zones/clone", run.Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void One_that_failed_gets_out_of_it()
    {
        string uuid = Dirty();
        var name = ZoneName.Parse(uuid);
        _machine.Host.Zones.Save(_machine.Host.Zones.Load(name).WithAttr(ZoneConfigMapping.Failed, "true", "boolean"));
        Assert.Equal("failed", (string?)_machine.Get(uuid)["state"]);
        Assert.Equal(0, Reprovision(uuid).Status);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
    }

    [Fact]
    public void A_first_boot_that_reports_a_failure_fails_the_VM()
    {
        string uuid = Dirty();
        _machine.Runtime.OnBoot = spec => File.Move(Path.Combine(spec.RootPath, "var/svc/provisioning"), Path.Combine(spec.RootPath, "var/svc/provision_failure"));
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains("its first boot went wrong", run.Error);
        Assert.Equal("failed", (string?)_machine.Get(uuid)["state"]);
    }

    [Fact]
    public void A_root_that_does_not_boot_leaves_a_failed_VM_that_can_be_reprovisioned_again()
    {
        string uuid = Dirty();
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "zone could not be booted");
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains("zone could not be booted", run.Error);
        Assert.Contains("\"vmadm reprovision\" gives it another", run.Error);
        Assert.Equal("failed", (string?)_machine.Get(uuid)["state"]);
        Assert.Empty(Orphans.Of(_machine));
        _machine.Runtime.BootFailure = null;
        Assert.Equal(0, Reprovision(uuid).Status);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
    }

    [Theory]
    [InlineData("clone", "-new")]
    [InlineData("mount", "-new")]
    public void A_pool_that_refuses_leaves_the_VM_running_as_it_was(string operation, string where)
    {
        string uuid = Dirty();
        _machine.Runtime.Calls.Clear();
        _machine.BeforeDataset = (what, name) =>
        {
            if (what == operation && name.EndsWith(where, StringComparison.Ordinal))
            {
                throw new DatasetException(DatasetException.FailedCode, name, "out of space");
            }
        };
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains("out of space", run.Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void Cores_that_cannot_be_kept_stop_it_and_the_VM_runs_again()
    {
        string uuid = Dirty();
        _machine.Runtime.OnShutdown = _ => Directory.CreateDirectory(_machine.At($"zones/{uuid}-reprovisioning-new/cores/core.1/in-the-way"));
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"the cores in {_machine.At($"zones/{uuid}/cores")} cannot be brought over", run.Error);
        Assert.Equal("dirt", File.ReadAllText(InRoot(uuid)));
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void What_cannot_be_finished_is_told_and_the_VM_can_still_be_deleted()
    {
        string uuid = Dirty();
        _machine.BeforeDataset = (what, name) =>
        {
            if (what == "rename" && name.EndsWith("-new", StringComparison.Ordinal))
            {
                throw new DatasetException(DatasetException.HasClonesCode, name, "no");
            }
        };
        var run = Reprovision(uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains("which is begun, and is finished as soon as that is possible", run.Error);
        Assert.Contains($"a reprovision of VM {uuid} was cut short and cannot be finished", _machine.Vmadm(null, "start", uuid).Error);
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.Empty(Orphans.Of(_machine));
        Assert.DoesNotContain(uuid, string.Join(' ', _machine.Datasets.List(null).Select(d => d.Name)));
    }

    [Fact]
    public void A_delete_that_was_cut_short_goes_on_though_a_reprovision_was_too()
    {
        string uuid = Dirty();
        _machine.Host.Unfinished.Write(uuid, new ReprovisionWish(Image, true, true, ReprovisionPhase.Switching).ToNote());
        _machine.Datasets.Unmount(DatasetName.Parse($"zones/{uuid}"));
        _machine.Datasets.Rename(DatasetName.Parse($"zones/{uuid}"), DatasetName.Parse($"zones/{uuid}-reprovisioning-root"));
        _machine.Host.Zones.SetState(ZoneName.Parse(uuid), ZoneState.Incomplete);
        using var admin = new RunningAdmin(_machine);
        Wait.Until(() => _machine.Host.Loader.Entry(uuid) is null && Orphans.Of(_machine).Count == 0);
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
    }

    private string InRoot(string uuid) => _machine.At($"zones/{uuid}/root/file");

    private string? Property(string uuid, string name) => _machine.Datasets.GetProperties(DatasetName.Parse($"zones/{uuid}"), name)[name];

    private Run Reprovision(string uuid, params string[] options) =>
        _machine.Vmadm($$"""{"image_uuid": "{{Image}}"}""", ["reprovision", .. options, uuid]);

    /// <summary>A running VM in whose root somebody has been.</summary>
    private string Dirty()
    {
        string uuid = _machine.Create("""
            , "alias": "a", "hostname": "web", "quota": 3, "tags": {"role": "web"}, "customer_metadata": {"k": "v"},
              "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}]
            """);
        File.WriteAllText(InRoot(uuid), "dirt");
        File.WriteAllText(_machine.At($"zones/{uuid}/cores/core.1"), "a core");
        return uuid;
    }

    private void AssertFresh(string uuid)
    {
        Assert.False(File.Exists(InRoot(uuid)));
        Assert.True(Directory.Exists(_machine.At($"zones/{uuid}/root")));
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
    }

    private void AssertUntouched(string uuid)
    {
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal("dirt", File.ReadAllText(InRoot(uuid)));
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        Assert.False(_machine.Host.Unfinished.Exists(uuid));
        Assert.DoesNotContain(_machine.Datasets.List(null), d => d.Name.Contains("reprovisioning", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_machine.At($"zones/{uuid}-reprovisioning-new")));
    }
}
