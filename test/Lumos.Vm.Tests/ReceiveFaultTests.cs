using System.Text.Json.Nodes;
using System.Buffers.Binary;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Receive;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Streams that are cut, damaged or in the wrong place, at each of their frames; and receivers that die.</summary>
public sealed class ReceiveFaultTests : IDisposable
{
    private readonly TwoMachines _two = new();

    public void Dispose() => _two.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cut_at_any_frame_leaves_what_resumes_it_and_no_more(bool keepsPartials)
    {
        string uuid = _two.Create();
        byte[] whole = _two.Sent("--live", uuid);
        var frames = TwoMachines.Frames(whole);
        // At each frame's beginning, and in the middle of each.
        foreach (int cut in frames.SkipLast(1).Concat(frames.Zip(frames.Skip(1), (a, b) => (a + b) / 2)).Append(3))
        {
            _two.B.Datasets.KeepsPartials = keepsPartials;
            var failed = _two.Receive(whole[..cut]);
            Assert.Equal(1, failed.Status);
            if (cut <= frames[1])
            {
                AssertNothing(uuid);
                continue;
            }
            if (!_two.B.Datasets.Exists(Root(uuid)))
            {
                AssertNothing(uuid);
                continue;
            }
            Assert.Contains($"vmadm receive --token {uuid}", failed.Error);
            Assert.Equal("receiving", (string)_two.B.Get(uuid)["state"]!);
            var early = _two.B.Vmadm(null, "install", uuid);
            Assert.Contains("is not all here", early.Error);
            string token = TwoMachines.Run(_two.B, null, null, ["receive", "--token", uuid]).Out.Trim();
            var result = JsonNode.Parse(TwoMachines.Run(_two.B, null, null, ["receive", "--token", "--json-result", uuid]).Out)!;
            Assert.Equal((token, false), ((string?)result["token"], (bool)result["changed"]!));
            byte[] rest = _two.Sent("--live", "--resume", token, uuid);
            Assert.True(rest.Length < whole.Length + 1000);
            var done = _two.Receive(rest);
            Assert.True(done.Status == 0, $"cut at {cut}: {done.Error}");
            Assert.Equal(0, _two.B.Vmadm(null, "install", uuid).Status);
            Assert.Equal("one", _two.ReadAtB(uuid));
            Assert.Equal("rows"u8.ToArray(), _two.B.Datasets.GetContent(Root(uuid).Child("data")));
            Assert.Equal(0, _two.B.Vmadm(null, "delete", uuid).Status);
            AssertNothing(uuid);
        }
    }

    [Fact]
    public void A_bit_that_is_wrong_anywhere_is_noticed()
    {
        string uuid = _two.Create();
        byte[] whole = _two.Sent("--live", uuid);
        for (int i = 0; i < whole.Length; i += i < 200 ? 1 : 97)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= (byte)(1 << (i % 8));
            Assert.Equal(1, _two.Receive(damaged).Status);
            Assert.NotEqual(0, _two.B.Vmadm(null, "install", uuid).Status);
            _two.B.Vmadm(null, "delete", uuid);
            AssertNothing(uuid);
        }
    }

    [Fact]
    public void A_frame_left_out_doubled_or_put_elsewhere_is_noticed()
    {
        string uuid = _two.Create();
        byte[] whole = _two.Sent("--live", uuid);
        var frames = TwoMachines.Frames(whole);
        byte[] Frame(int i) => whole[frames[i]..frames[i + 1]];
        int count = frames.Count - 1;
        for (int i = 0; i + 1 < count; i++)
        {
            byte[] front = whole[..frames[i]];
            foreach (byte[] wrong in (byte[][])[
                [.. front, .. whole[frames[i + 1]..]],
                [.. front, .. Frame(i), .. Frame(i), .. whole[frames[i + 1]..]],
                [.. front, .. Frame(i + 1), .. Frame(i), .. whole[frames[i + 2]..]]])
            {
                Assert.Equal(1, _two.Receive(wrong).Status);
                _two.B.Vmadm(null, "delete", uuid);
            }
        }
        Assert.Equal(1, _two.Receive([.. whole, 0]).Status);
    }

    [Fact]
    public void What_stands_against_a_VM_is_told_before_data_flow()
    {
        string uuid = _two.Create(""", "nics": [{"nic_tag": "admin", "ip": "10.0.0.2/24"}]""");
        byte[] whole = _two.Sent("--live", uuid);
        int opened = 0;
        _two.B.BeforeDataset = (operation, _) => opened += operation == "receive" ? 1 : 0;

        byte[] later = [.. whole];
        BinaryPrimitives.WriteUInt32LittleEndian(later.AsSpan(8), 9);
        Refused(later, "format version 9, and this vmadm reads version 1");
        Refused("hello, world, this is no VM"u8.ToArray(), "not what vmadm send writes");
        Refused([], "nothing was received");

        _two.B.Datasets.StreamKind = "btrfs";
        Refused(whole, "neither takes streams of the other");
        _two.B.Datasets.StreamKind = "memory";
        _two.B.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["available"] = "10" });
        Refused(whole, ", and pool zones has 10");
        _two.B.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["available"] = "100000000" });
        _two.B.HasAdminTag = false;
        Refused(whole, "\"admin\" is no nic tag of this machine");
        _two.B.HasAdminTag = true;
        _two.B.HasImages = false;
        Refused(whole, $"\"imgadm import {TestMachine.NativeImage}\" fetches it");
        _two.B.HasImages = true;
        string snapshot = _two.A.Datasets.List(Root(uuid), DatasetKinds.Snapshot, 1)[^1].Snapshot!.Name;
        Refused(_two.Sent("--live", "-i", snapshot, uuid), "send it without -i and --resume");
        Assert.Equal(0, opened);

        // Its MAC is taken here; and then the VM is.
        string other = _two.B.Create(""", "nics": [{"nic_tag": "admin", "ip": "dhcp"}]""");
        Assert.Equal(1, _two.Receive(whole).Status);
        Assert.Equal(other, uuid);
        Assert.Contains("exists on this machine already", _two.Receive(whole).Error);
        _two.B.Vmadm(null, "delete", other);
        Assert.Equal(0, _two.Receive(whole).Status);

        void Refused(byte[] stream, string sentence)
        {
            var run = _two.Receive(stream);
            Assert.Equal(1, run.Status);
            Assert.Contains(sentence, run.Error);
            AssertNothing(uuid);
        }
    }

    [Fact]
    public void Vmadmd_takes_a_dead_receive_away_and_lets_one_wait_that_can_go_on()
    {
        string uuid = _two.Create();
        byte[] whole = _two.Sent("--live", uuid);
        var frames = TwoMachines.Frames(whole);
        _two.Receive(whole[..frames[^3]]);
        Assert.Equal("receiving", (string)_two.B.Get(uuid)["state"]!);
        // As a receiver leaves it that was killed right after it entered the VM.
        string dead = "cccccccc-0000-4000-8000-000000000001";
        var config = _two.B.Host.Zones.Load(ZoneName.Parse(uuid));
        _two.B.Host.Zones.Create(
            config with { Name = ZoneName.Parse(dead), ZonePath = _two.B.At("zones/" + dead), ZoneDid = null }, dead);
        using (new RunningAdmin(_two.B))
        {
            Wait.Until(() => _two.B.Host.Zones.ReadIndex().Find(ZoneName.Parse(dead)) is null);
        }
        Assert.NotNull(ReceiveMark.Of(_two.B.Host.Zones.Load(ZoneName.Parse(uuid))));
        Assert.True(_two.B.Datasets.Exists(Root(uuid)));
        Assert.Equal(0, _two.B.Vmadm(null, "delete", uuid).Status);
        AssertNothing(uuid);
    }

    [Fact]
    public void A_storage_that_fails_is_told_and_leaves_what_can_go_on()
    {
        string uuid = _two.Create();
        byte[] whole = _two.Sent("--live", uuid);
        int opened = 0;
        for (int fail = 1; ; fail++)
        {
            opened = 0;
            bool failed = false;
            _two.B.BeforeDataset = (operation, name) =>
            {
                if (operation is not "abort" && ++opened == fail)
                {
                    failed = true;
                    throw new DatasetException(DatasetException.FailedCode, name, $"cannot {operation} {name}");
                }
            };
            var run = _two.Receive(whole);
            _two.B.BeforeDataset = null;
            if (!failed)
            {
                Assert.Equal(0, run.Status);
                return;
            }
            Assert.Equal(1, run.Status);
            Assert.NotEqual(0, _two.B.Vmadm(null, "install", uuid).Status);
            _two.B.Vmadm(null, "delete", uuid);
            AssertNothing(uuid);
        }
    }

    [Fact]
    public void Killed_at_any_step_it_is_gone_or_goes_on_and_an_install_is_finished_by_the_next()
    {
        string uuid = _two.Create(""", "autoboot": false""");
        byte[] whole = _two.Sent("--live", uuid);
        for (int step = 1; KilledAt(step, () => _two.Receive(whole)); step++)
        {
            if (!_two.B.Datasets.Exists(Root(uuid)))
            {
                using (new RunningAdmin(_two.B))
                {
                    Wait.Until(() => _two.B.Host.Zones.ReadIndex().Find(ZoneName.Parse(uuid)) is null);
                }
                AssertNothing(uuid);
                Assert.Equal(0, _two.Receive(whole).Status);
            }
            else
            {
                Assert.NotEqual(0, _two.B.Vmadm(null, "install", uuid).Status);
                string token = TwoMachines.Run(_two.B, null, null, ["receive", "--token", uuid]).Out.Trim();
                var rest = _two.Receive(_two.Sent("--live", "--resume", token, uuid));
                Assert.True(rest.Status == 0, $"killed at {step}: {rest.Error}");
            }
            for (int later = 1; KilledAt(later, () => _two.B.Vmadm(null, "install", uuid)); later++)
            {
                Assert.NotEqual("running", (string)_two.B.Get(uuid)["state"]!);
            }
            Assert.Equal("stopped", (string)_two.B.Get(uuid)["state"]!);
            Assert.Equal("one", _two.ReadAtB(uuid));
            Assert.Equal(0, _two.B.Vmadm(null, "delete", uuid).Status);
            AssertNothing(uuid);
        }
        Assert.Equal("receiving", (string)_two.B.Get(uuid)["state"]!);
    }

    /// <summary>Ends the action before the n-th change of a dataset as kill -9 would; false: it has fewer, and went to its end.</summary>
    private bool KilledAt(int change, Action action)
    {
        int seen = 0;
        _two.B.BeforeDataset = (_, _) =>
        {
            if (++seen == change)
            {
                throw new Killed();
            }
        };
        var end = Record.Exception(action);
        _two.B.BeforeDataset = null;
        Assert.True(end is null or Killed, $"{end}");
        return end is Killed;
    }

    private void AssertNothing(string uuid)
    {
        Assert.Null(_two.B.Host.Zones.ReadIndex().Find(ZoneName.Parse(uuid)));
        Assert.False(_two.B.Datasets.Exists(Root(uuid)));
        Assert.False(File.Exists(_two.B.At($"etc/zones/{uuid}.xml")));
    }

    private static DatasetName Root(string uuid) => DatasetName.Parse($"zones/{uuid}");
}
