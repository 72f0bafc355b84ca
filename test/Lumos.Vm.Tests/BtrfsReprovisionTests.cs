using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Reprovision;
using Lumos.Vm.Snapshots;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Fresh roots and archives on real datasets of btrfs. Needs root, btrfs in the kernel and its programs.</summary>
[Trait("level", "host")]
public sealed class BtrfsReprovisionTests : IDisposable
{
    private readonly BtrfsMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void What_was_delegated_goes_over_mounts_and_the_rest_is_archived()
    {
        var payload = new JsonObject { ["image_uuid"] = BtrfsMachine.Image, ["quota"] = 1, ["archive_on_delete"] = true, ["tags"] = new JsonObject { ["a"] = 1 } };
        var (vm, facts) = new VmCreator(_machine.Host).Prepare(payload, new PayloadReport());
        string uuid = new VmCreator(_machine.Host).Create(vm!, facts!), path = _machine.At($"zones/{uuid}");
        var (root, data) = (DatasetName.Parse($"zones/{uuid}"), DatasetName.Parse($"zones/{uuid}/data"));
        _machine.Datasets.Create(data.Child("deep"), parents: true);
        File.WriteAllText(path + "/data/deep/file", "kept");
        File.WriteAllText(path + "/root/dirt", "");
        _machine.Datasets.Snapshot(data.At("tenant"));
        new VmSnapshots(_machine.Host).Create(uuid, "s");

        new VmReprovision(_machine.Host).Run(uuid, new JsonObject { ["image_uuid"] = BtrfsMachine.Image }, keepState: false, new PayloadReport(), () => { });
        Assert.False(File.Exists(path + "/root/dirt"));
        Assert.Equal("kept", File.ReadAllText(path + "/data/deep/file"));
        Assert.Equal([$"{data}@tenant"], _machine.Datasets.List(root, DatasetKinds.Snapshot).Select(s => s.Name));
        Assert.Equal(1, (int)_machine.Host.Load(uuid).Object["tags"]!["a"]!);
        Assert.Equal("1073741824", _machine.Datasets.GetProperties(root, "quota")["quota"]);
        Assert.DoesNotContain(_machine.Datasets.List(null), d => d.Name.Contains("reprovisioning", StringComparison.Ordinal));
        Assert.False(Directory.Exists(path + "-reprovisioning-new"));

        new VmLifecycle(_machine.Host).Delete(uuid);
        Assert.False(Directory.Exists(path));
        Assert.True(_machine.Datasets.Exists(DatasetName.Parse("zones/archive")));
        Assert.Equal(uuid, (string?)JsonNode.Parse(File.ReadAllText(_machine.At($"zones/archive/{uuid}/vm.json")))!["uuid"]);
        Assert.Contains($"{data}@tenant\tguid\t", File.ReadAllText(_machine.At($"zones/archive/{uuid}/zfs.dump")));
    }
}
