using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones;
using Lumos.Zones.Administration;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What keeps a VM from being deleted: it is told while the VM is as it was.</summary>
public sealed class ProtectionTests : IDisposable
{
    private const string Root = "indestructible_zoneroot", Data = "indestructible_delegated";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void One_that_is_indestructible_is_neither_deleted_nor_reprovisioned()
    {
        string uuid = _machine.Create($$""", "{{Root}}": true""");
        Assert.True((bool)_machine.Get(uuid)[Root]!);
        Assert.Equal((1, $"Failed to delete VM {uuid}: {Root} is set, cannot delete: \"vmadm update {uuid} {Root}=false\" unsets it\n"), Delete(uuid));
        var run = Reprovision(uuid);
        Assert.Equal((1, $"Failed to reprovision VM {uuid}: {Root} is set, cannot reprovision: \"vmadm update {uuid} {Root}=false\" unsets it\n"), (run.Status, run.Error));
        AssertUntouched(uuid);

        run = _machine.Vmadm(null, "update", uuid, $"{Root}=false");
        Assert.Equal((0, $"{Root}: live\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        Assert.False(_machine.Get(uuid).ContainsKey(Root)); // shown only while it is true
        Assert.Equal(0, Reprovision(uuid).Status);
        Assert.Equal(0, Delete(uuid).Status);
    }

    [Fact]
    public void One_whose_data_are_indestructible_is_not_deleted_but_reprovisioned()
    {
        Assert.Contains($"{Data} protects what was delegated to the VM, which has no such dataset", _machine.Vmadm(null, "update", _machine.Create(), $"{Data}=true").Error);
        string uuid = WithData();
        Assert.Equal(0, _machine.Vmadm(null, "update", uuid, $"{Data}=true").Status);
        Assert.Contains($"{Data} is set, cannot delete", Delete(uuid).Error);
        AssertUntouched(uuid);
        Assert.Equal(0, Reprovision(uuid).Status);
        Assert.Contains($"{Data} is set, cannot delete", Delete(uuid).Error);
        Assert.Equal(0, _machine.Vmadm($$"""{"{{Data}}": null}""", "update", uuid).Status);
        Assert.Equal(0, Delete(uuid).Status);
    }

    [Fact]
    public void Zoneadm_is_told_the_same()
    {
        string uuid = _machine.Create($$""", "autoboot": false, "{{Root}}": true""");
        var installer = new ZoneInstaller(_machine.Layout, _machine.Runtime, _machine.Datasets, _ => { });
        var refusal = Assert.Throws<LumosException>(() => installer.Uninstall(ZoneName.Parse(uuid)));
        Assert.Equal($"{Root} is set, cannot uninstall: \"vmadm update {uuid} {Root}=false\" unsets it", refusal.Message);
        Assert.True(_machine.Datasets.Exists(DatasetName.Parse($"zones/{uuid}")));
    }

    [Fact]
    public void A_snapshot_with_a_clone_is_told_before_anything_stops()
    {
        string uuid = _machine.Create();
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Datasets.Clone(SnapshotName.Parse($"zones/{uuid}@vmsnap-s"), DatasetName.Parse("zones/clone"));
        _machine.Runtime.Calls.Clear();
        Assert.Equal((1, $"Failed to delete VM {uuid}: zones/{uuid}@vmsnap-s has clones, which cannot be without it: zones/clone; destroy them first\n"), Delete(uuid));
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        _machine.Datasets.Destroy(DatasetName.Parse("zones/clone"));
        Assert.Equal(0, Delete(uuid).Status);
    }

    [Fact]
    public void A_clone_within_the_VM_goes_along()
    {
        string uuid = WithData();
        var data = DatasetName.Parse($"zones/{uuid}/data");
        _machine.Datasets.Snapshot(data.At("mine"));
        _machine.Datasets.Clone(data.At("mine"), data.Child("copy"));
        Assert.Equal(0, Delete(uuid).Status);
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void A_snapshot_that_is_held_is_told_before_anything_stops()
    {
        string uuid = _machine.Create();
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        _machine.Datasets.Hold(SnapshotName.Parse($"zones/{uuid}@vmsnap-s"));
        _machine.Runtime.Calls.Clear();
        Assert.Contains($"zones/{uuid}@vmsnap-s is held: \"zfs holds zones/{uuid}@vmsnap-s\" tells by which tags", Delete(uuid).Error);
        Assert.Contains($"\"zfs holds zones/{uuid}@vmsnap-s\" tells by which tags", Reprovision(uuid).Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void What_is_half_made_or_half_removed_is_always_deleted()
    {
        string uuid = _machine.Create($$""", "autoboot": false, "{{Root}}": true, "archive_on_delete": true""");
        _machine.Host.Zones.SetState(ZoneName.Parse(uuid), ZoneState.Incomplete);
        Assert.Equal(0, Delete(uuid).Status);
        Assert.False(Directory.Exists(_machine.At($"zones/archive/{uuid}")));
    }

    private string WithData()
    {
        string uuid = _machine.Create(""", "delegate_dataset": true""");
        _machine.Runtime.Calls.Clear();
        return uuid;
    }

    private (int Status, string Error) Delete(string uuid) => _machine.Vmadm(null, "delete", uuid) is var run ? (run.Status, run.Error) : default;

    private Run Reprovision(string uuid) => _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "reprovision", uuid);

    private void AssertUntouched(string uuid)
    {
        Assert.DoesNotContain(_machine.Runtime.Calls, call => !call.StartsWith("boot", StringComparison.Ordinal));
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        Assert.Empty(Orphans.Of(_machine));
    }
}
