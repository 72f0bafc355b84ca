using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Payload;
using Lumos.Vm.Receive;
using Lumos.Vm.Send;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>VMs between two pools of real datasets on btrfs. Needs root, btrfs in the kernel and its programs.</summary>
[Trait("level", "host")]
public sealed class BtrfsSendTests : IDisposable
{
    private readonly BtrfsMachine _a = new(), _b = new();

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void A_VM_arrives_whole_after_a_cut_and_an_increment()
    {
        string uuid = Create();
        var (root, data) = (DatasetName.Parse($"zones/{uuid}"), DatasetName.Parse($"zones/{uuid}/data"));
        byte[] rows = RandomNumberGenerator.GetBytes(3 << 20);
        _a.Datasets.Create(data, new Dictionary<string, string> { ["recordsize"] = "16384" });
        File.WriteAllBytes(_a.At($"zones/{uuid}/data/rows"), rows);
        File.WriteAllText(_a.At($"zones/{uuid}/root/etc/note"), "one");
        _a.Datasets.Snapshot(root.At("vmsnap-first"), recursive: true);

        byte[] whole = Send(uuid, new SendWishes { Live = true });
        var receiver = new VmReceiver(_b.Host);
        var cut = Assert.Throws<LumosException>(() => receiver.Receive(new MemoryStream(whole[..(whole.Length - 1000)])));
        Assert.Equal("StreamCut", cut.Code);
        Assert.Equal("receiving", (string)_b.Host.Load(uuid).Object["state"]!);
        Assert.False(Directory.Exists(_b.At($"zones/{uuid}/root")));
        var held = ReceiverHoldings.FromToken(receiver.Holdings(uuid).ToToken());
        Assert.NotEmpty(held.Of("")!.Guids);
        byte[] rest = Send(uuid, new SendWishes { Live = true, Holdings = held });
        Assert.True(rest.Length < whole.Length);
        string final = receiver.Receive(new MemoryStream(rest)).Final;

        File.WriteAllText(_a.At($"zones/{uuid}/root/etc/note"), "two");
        File.AppendAllText(_a.At($"zones/{uuid}/data/rows"), "more");
        byte[] increment = Send(uuid, new SendWishes { From = final });
        Assert.True(increment.Length < (1 << 20), "an increment brings what changed");
        receiver.Receive(new MemoryStream(increment));
        Assert.Contains("started", new VmInstaller(_b.Host).Install(uuid).Message);

        Assert.Equal("two", File.ReadAllText(_b.At($"zones/{uuid}/root/etc/note")));
        _b.Datasets.Mount(data);
        byte[] arrived = File.ReadAllBytes(_b.At($"zones/{uuid}/data/rows"));
        Assert.Equal(rows, arrived[..rows.Length]);
        Assert.Equal("more"u8.ToArray(), arrived[rows.Length..]);
        var vm = _b.Host.Load(uuid).Object;
        Assert.Equal(("running", 1L, "db", "v"), ((string)vm["state"]!, (long)vm["quota"]!, (string)vm["tags"]!["role"]!, (string)vm["customer_metadata"]!["k"]!));
        Assert.Equal("16384", _b.Datasets.GetProperties(data, "recordsize")["recordsize"]);
        Assert.Equal([root.At("vmsnap-first"), data.At("vmsnap-first")], _b.Datasets.List(root, DatasetKinds.Snapshot).Select(e => e.Snapshot));
        // Enforced where it has come: what was received is counted.
        Assert.True(_b.Datasets.List(root, DatasetKinds.Live, 0, ["used"])[0].Number("used") >= rows.Length);

        // And back again, by what the other side has made of it.
        new Lifecycle.VmLifecycle(_a.Host).Delete(uuid);
        byte[] back = Send(_b, uuid, new SendWishes());
        new VmReceiver(_a.Host).Receive(new MemoryStream(back));
        new VmInstaller(_a.Host).Install(uuid);
        Assert.Equal("two", File.ReadAllText(_a.At($"zones/{uuid}/root/etc/note")));
    }

    [Fact]
    public void A_damaged_stream_leaves_what_delete_takes_away()
    {
        string uuid = Create();
        byte[] stream = Send(uuid, new SendWishes { Live = true });
        for (int at = 200; at < stream.Length; at += Math.Max(1, stream.Length / 6))
        {
            byte[] damaged = [.. stream];
            damaged[at] ^= 1;
            Assert.Throws<LumosException>(() => new VmReceiver(_b.Host).Receive(new MemoryStream(damaged)));
            if (_b.Host.Loader.Entry(uuid) is not null)
            {
                new Lifecycle.VmLifecycle(_b.Host).Delete(uuid);
            }
            Assert.False(_b.Datasets.Exists(DatasetName.Parse($"zones/{uuid}")));
        }
    }

    private string Create()
    {
        var report = new PayloadReport();
        var creator = new VmCreator(_a.Host);
        var (vm, facts) = creator.Prepare(new JsonObject
        {
            ["brand"] = "joyent", ["image_uuid"] = BtrfsMachine.Image, ["quota"] = 1,
            ["tags"] = new JsonObject { ["role"] = "db" }, ["customer_metadata"] = new JsonObject { ["k"] = "v" },
        }, report);
        report.ThrowIfFaulty();
        return creator.Create(vm!, facts!);
    }

    private byte[] Send(string uuid, SendWishes wishes) => Send(_a, uuid, wishes);

    private static byte[] Send(BtrfsMachine from, string uuid, SendWishes wishes)
    {
        using var output = new MemoryStream();
        new VmSender(from.Host).Send(uuid, wishes, output);
        return output.ToArray();
    }
}
