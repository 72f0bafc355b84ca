using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Send;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vmadm send, receive and install between two machines in memory.</summary>
public sealed class SendTests : IDisposable
{
    private readonly TwoMachines _two = new();

    public void Dispose() => _two.Dispose();

    [Fact]
    public void A_VM_arrives_with_all_it_has()
    {
        string uuid = _two.Create();
        var before = TwoMachines.Shown(_two.A, uuid);
        var name = ZoneName.Parse(uuid);
        _two.A.Host.Zones.Save(_two.A.Host.Zones.Load(name).WithAttr("by-zonecfg", "x"));
        var (status, stream, said) = _two.Send(uuid);
        Assert.True(status == 0, said);
        Assert.Matches($"Successfully sent VM {uuid} .*\"vmadm send -i vmsend-[0-9TZ]+ {uuid}\"", said);
        Assert.Equal(("stopped", false), (State(_two.A, uuid), (bool)_two.A.Get(uuid)["autoboot"]!));

        var received = _two.Receive(stream);
        Assert.Equal((0, $"Successfully received VM {uuid}: \"vmadm install {uuid}\" makes it one of this machine\n"), received);
        Assert.Equal("receiving", State(_two.B, uuid));
        Assert.False(Directory.Exists(_two.B.At($"zones/{uuid}")), "nothing of it is mounted before it is installed");
        Assert.Equal(1, _two.B.Vmadm(null, "start", uuid).Status);

        var install = _two.B.Vmadm(null, "install", uuid);
        Assert.Equal((0, $"Successfully installed and started VM {uuid}\n"), (install.Status, install.Error));
        Assert.Equal(("running", true), (State(_two.B, uuid), (bool)_two.B.Get(uuid)["autoboot"]!));
        Assert.Equal(before.ToJsonString(), TwoMachines.Shown(_two.B, uuid).ToJsonString());
        Assert.Equal("one", _two.ReadAtB(uuid));
        Assert.Equal("x", _two.B.Host.Zones.Load(name).Attr("by-zonecfg"));
        var data = DatasetName.Parse($"zones/{uuid}/data");
        Assert.Equal("rows"u8.ToArray(), _two.B.Datasets.GetContent(data));
        Assert.Equal("tenant", _two.B.Datasets.GetProperties(data, "lumos:of")["lumos:of"]);
        Assert.Equal($"zones/{TestMachine.NativeImage}@final", _two.B.Datasets.GetProperties(data.Parent!, "origin")["origin"]);
        Assert.Equal(["vmsnap-first", "vmsnap-first"], _two.B.Datasets.List(data.Parent, DatasetKinds.Snapshot).Select(e => e.Snapshot!.Name));
        Assert.Equal(1, _two.B.Vmadm(null, "install", uuid).Status);
    }

    [Fact]
    public void A_running_VM_is_sent_live_and_what_changed_since_follows()
    {
        string uuid = _two.Create();
        Assert.Equal(0, _two.Receive(_two.Sent("--live", uuid)).Status);
        Assert.Equal("running", State(_two.A, uuid));
        string snapshot = Newest(uuid);
        _two.Write(uuid, "two");
        _two.A.Vmadm(null, "update", uuid, "alias=renamed");
        byte[] increment = _two.Sent("--live", "-i", snapshot, uuid);
        Assert.Equal(0, _two.Receive(increment).Status);
        Assert.Equal(("receiving", "renamed"), (State(_two.B, uuid), (string)_two.B.Get(uuid)["alias"]!));
        // The same once more builds on what is not the newest any more: the later one goes, and comes again.
        Assert.Equal(0, _two.Receive(increment).Status);

        _two.Write(uuid, "three");
        Assert.Equal(0, _two.Receive(_two.Sent("-i", Newest(uuid), uuid)).Status);
        Assert.Equal(0, _two.B.Vmadm(null, "install", uuid).Status);
        Assert.Equal("three", _two.ReadAtB(uuid));
        Assert.Equal(2, _two.A.Datasets.List(Root(uuid), DatasetKinds.Snapshot, 1).Count(e => e.Snapshot!.Name.StartsWith(VmSender.Prefix)));
    }

    [Fact]
    public void An_increment_may_begin_at_a_snapshot_of_the_VM()
    {
        string uuid = _two.Create();
        Assert.Equal(0, _two.Receive(_two.Sent("--live", uuid)).Status);
        var (status, _, error) = _two.Send("-i", "none", uuid);
        Assert.Equal(1, status);
        Assert.Contains("has no snapshot \"none\"", error);
        _two.Write(uuid, "two");
        Assert.Equal(0, _two.Receive(_two.Sent("-i", "first", uuid)).Status);
        _two.B.Vmadm(null, "install", uuid);
        Assert.Equal("two", _two.ReadAtB(uuid));
    }

    [Fact]
    public void What_went_at_the_sender_goes_at_the_receiver()
    {
        string uuid = _two.Create();
        var root = Root(uuid);
        _two.A.Datasets.Create(root.Child("data").Child("old"));
        Assert.Equal(0, _two.Receive(_two.Sent("--live", uuid)).Status);
        string base_ = Newest(uuid);
        _two.A.Datasets.Destroy(root.Child("data").Child("old"), recursive: true);
        _two.A.Datasets.DestroySnapshot(root.At("vmsnap-first"), recursive: true);
        _two.A.Datasets.Clone(root.Child("data").At(base_), root.Child("data").Child("branch"));
        Assert.Equal(0, _two.Receive(_two.Sent("-i", base_, uuid)).Status);
        Assert.Equal(
            [$"{root}", $"{root}/data", $"{root}/data/branch"], _two.B.Datasets.List(root).Select(e => e.Name));
        Assert.Equal($"{root}/data@{base_}", _two.B.Datasets.GetProperties(root.Child("data").Child("branch"), "origin")["origin"]);
        Assert.DoesNotContain(_two.B.Datasets.List(root, DatasetKinds.Snapshot), e => e.Snapshot!.Name == "vmsnap-first");
    }

    [Fact]
    public void A_whole_stream_needs_no_image()
    {
        string uuid = _two.Create();
        using var bare = new TwoMachines();
        byte[] clone = _two.Sent("--live", uuid), full = _two.Sent("--live", "--full", uuid);
        // Machine B of the other pair has an image of the same name that is another one.
        var refused = bare.Receive(clone);
        Assert.Equal(1, refused.Status);
        Assert.Contains("\"vmadm send --full\"", refused.Error);
        Assert.Equal(0, bare.Receive(full).Status);
        Assert.Equal(0, bare.B.Vmadm(null, "install", uuid).Status);
        Assert.Equal("one", bare.ReadAtB(uuid));
        Assert.Null(bare.B.Datasets.GetProperties(Root(uuid), "origin")["origin"]);
    }

    [Fact]
    public void Where_origins_do_not_travel_the_VM_goes_whole()
    {
        string uuid = _two.Create();
        _two.A.Datasets.OriginsTravel = false;
        Assert.Equal(0, _two.Receive(_two.Sent(uuid)).Status);
        Assert.Null(_two.B.Datasets.GetProperties(Root(uuid), "origin")["origin"]);
        Assert.Equal(0, _two.B.Vmadm(null, "install", uuid).Status);
        Assert.Equal("one", _two.ReadAtB(uuid));
    }

    [Fact]
    public void Terminals_and_odd_words_are_refused()
    {
        string uuid = _two.Create(""", "autoboot": false""");
        Assert.Equal(2, TwoMachines.Run(_two.A, null, null, ["send", uuid]).Status);
        Assert.Equal(2, TwoMachines.Run(_two.B, null, new MemoryStream(), ["receive"]).Status);
        Assert.Equal(2, _two.Send("-i", "a", "--resume", "b", uuid).Status);
        Assert.Equal(1, _two.Send("--resume", "nonsense", uuid).Status);
        Assert.Contains("No such zone configured", _two.Send("00000000-0000-4000-8000-000000000000").Error);
        Assert.Contains("No such zone configured", _two.B.Vmadm(null, "install", uuid).Error);
    }

    [Fact]
    public void A_VM_that_did_not_run_is_not_started()
    {
        string uuid = _two.Create(""", "autoboot": false""");
        Assert.Equal(0, _two.Receive(_two.Sent(uuid)).Status);
        Assert.Equal($"Successfully installed VM {uuid}\n", _two.B.Vmadm(null, "install", uuid).Error);
        Assert.Equal(("stopped", false), (State(_two.B, uuid), (bool)_two.B.Get(uuid)["autoboot"]!));
    }

    [Fact]
    public void A_reader_that_goes_away_is_a_failure()
    {
        string uuid = _two.Create();
        var run = TwoMachines.Run(_two.A, null, new Closed(), ["send", uuid]);
        Assert.Equal(1, run.Status);
        Assert.Contains($"VM {uuid} was not sent to its end", run.Error);
        Assert.Equal("stopped", State(_two.A, uuid));
    }

    private static string State(TestMachine machine, string uuid) => (string)machine.Get(uuid)["state"]!;

    private static DatasetName Root(string uuid) => DatasetName.Parse($"zones/{uuid}");

    private string Newest(string uuid) => _two.A.Datasets.List(Root(uuid), DatasetKinds.Snapshot, 1)[^1].Snapshot!.Name;

    /// <summary>A pipe that nobody reads.</summary>
    private sealed class Closed : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
