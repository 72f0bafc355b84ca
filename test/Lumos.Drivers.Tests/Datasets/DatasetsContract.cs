using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>What every IDatasets does, whoever stands behind it. Works below one dataset, which it leaves empty.</summary>
public abstract class DatasetsContract : IDisposable
{
    protected abstract IDatasets Store { get; }

    /// <summary>An empty dataset to work in.</summary>
    protected abstract DatasetName Root { get; }

    /// <summary>Puts something into a file system that streams, snapshots and clones carry.</summary>
    protected abstract void Put(DatasetName name, string text);

    protected abstract string Got(DatasetName name);

    public virtual void Dispose()
    {
        foreach (var entry in Store.List(Root, DatasetKinds.Live).Reverse().Where(e => e.Dataset != Root))
        {
            // Clones first: a dataset with clones cannot go.
            if (Store.Exists(entry.Dataset) && Store.List(Root, properties: ["origin"]).All(e => e["origin"]?.StartsWith(entry.Name + "@") != true))
            {
                Store.Destroy(entry.Dataset, recursive: true);
            }
        }
        foreach (var entry in Store.List(Root, depth: 1).Where(e => e.Dataset != Root))
        {
            Store.Destroy(entry.Dataset, recursive: true);
        }
    }

    [Fact]
    public void A_created_dataset_is_listed_with_its_properties_and_gone_after_destroy()
    {
        var a = Root.Child("a");
        Assert.False(Store.Exists(a));
        Store.Create(a, new Dictionary<string, string> { ["quota"] = "1073741824", ["lumos:note"] = "x y" });
        Assert.True(Store.Exists(a));
        var entry = Assert.Single(Store.List(Root, depth: 1, properties: ["quota", "lumos:note", "lumos:none"]), e => e.Dataset == a);
        Assert.Equal(DatasetKinds.FileSystem, entry.Kind);
        Assert.Equal(1073741824, entry.Number("quota"));
        Assert.Equal("x y", entry["lumos:note"]);
        Assert.Null(entry["lumos:none"]);
        Store.Destroy(a);
        Assert.False(Store.Exists(a));
        Fails(DatasetException.NotFoundCode, () => Store.Destroy(a));
        Fails(DatasetException.NotFoundCode, () => Store.List(a));
        Fails(DatasetException.NotFoundCode, () => Store.GetProperties(a, "quota"));
    }

    [Fact]
    public void A_dataset_needs_its_parent_unless_parents_are_asked_for()
    {
        var deep = Root.Child("p").Child("q");
        Fails(DatasetException.NotFoundCode, () => Store.Create(deep));
        Assert.False(Store.Exists(deep));
        Store.Create(deep, parents: true);
        Store.Create(deep, parents: true);
        Assert.True(Store.Exists(deep));
        Fails(DatasetException.ExistsCode, () => Store.Create(deep));
        Fails(DatasetException.HasChildrenCode, () => Store.Destroy(Root.Child("p")));
        Assert.Equal([Root, Root.Child("p")], Store.List(Root, depth: 1).Select(e => e.Dataset));
        Store.Destroy(Root.Child("p"), recursive: true);
        Assert.False(Store.Exists(deep));
    }

    [Fact]
    public void Clones_hold_their_snapshot()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Store.Snapshot(a.At("final"));
        Assert.True(Store.Exists(a.At("final")));
        Fails(DatasetException.ExistsCode, () => Store.Snapshot(a.At("final")));
        Fails(DatasetException.NotFoundCode, () => Store.Clone(a.At("other"), b));
        Store.Clone(a.At("final"), b);
        Assert.Equal(a.At("final").ToString(), Store.GetProperties(b, "origin")["origin"]);
        Assert.Equal([b], Store.Clones(a.At("final")));
        Fails(DatasetException.HasClonesCode, () => Store.DestroySnapshot(a.At("final")));
        Fails(DatasetException.HasClonesCode, () => Store.Destroy(a, recursive: true));
        Assert.True(Store.Exists(a.At("final")));
        Store.Destroy(b);
        Assert.Empty(Store.Clones(a.At("final")));
        Store.DestroySnapshot(a.At("final"));
        Assert.False(Store.Exists(a.At("final")));
    }

    [Fact]
    public void Rename_takes_children_and_snapshots_along()
    {
        var (a, z) = (Root.Child("a"), Root.Child("z"));
        Store.Create(a.Child("x"), parents: true);
        Store.Snapshot(a.At("s"), recursive: true);
        Store.Create(z);
        Fails(DatasetException.ExistsCode, () => Store.Rename(a, z));
        Store.Destroy(z);
        Store.Rename(a, z);
        Assert.True(Store.Exists(z.Child("x").At("s")));
        Assert.False(Store.Exists(a));
        Store.RenameSnapshot(z.At("s"), "final");
        Assert.True(Store.Exists(z.At("final")));
        Assert.False(Store.Exists(z.At("s")));
    }

    [Fact]
    public void What_belongs_to_a_zone_is_renamed_as_well()
    {
        var (a, z) = (Root.Child("a"), Root.Child("z"));
        Store.Create(a, new Dictionary<string, string> { ["zoned"] = "on" });
        Store.Create(a.Child("x"));
        Store.Snapshot(a.At("s"), recursive: true);
        Store.Create(z);
        Fails(DatasetException.ExistsCode, () => Store.Rename(a, z));
        Fails(DatasetException.NotFoundCode, () => Store.Rename(a, Root.Child("none").Child("b")));
        Store.Rename(a, z.Child("y"));
        Assert.True(Store.Exists(z.Child("y").Child("x").At("s")));
        Assert.False(Store.Exists(a));
        Assert.Equal("on", Store.GetProperties(z.Child("y"), "zoned")["zoned"]);
    }

    [Fact]
    public void Rollback_past_later_snapshots_must_be_asked_for()
    {
        var a = Root.Child("a");
        Store.Create(a);
        Store.Snapshot(a.At("one"));
        Store.Snapshot(a.At("two"));
        Fails(DatasetException.HasChildrenCode, () => Store.Rollback(a.At("one")));
        Store.Rollback(a.At("one"), destroyLater: true);
        Assert.False(Store.Exists(a.At("two")));
        Fails(DatasetException.NotFoundCode, () => Store.Rollback(a.At("two")));
    }

    [Fact]
    public void Properties_are_set_inherited_and_given_back()
    {
        var child = Root.Child("a").Child("b");
        Store.Create(child, parents: true);
        Store.SetProperties(Root.Child("a"), new Dictionary<string, string> { ["compression"] = "gzip", ["lumos:k"] = "v" });
        Assert.Equal("gzip", Store.GetProperties(child, "compression")["compression"]);
        Store.SetProperties(child, new Dictionary<string, string> { ["compression"] = "off" });
        Assert.Equal("off", Store.GetProperties(child, "compression")["compression"]);
        Store.Inherit(child, "compression");
        var values = Store.GetProperties(child, "compression", "lumos:k");
        Assert.Equal(("gzip", "v"), (values["compression"], values["lumos:k"]));
    }

    [Fact]
    public void A_stream_makes_the_same_dataset_elsewhere_and_half_a_stream_makes_none()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Store.Snapshot(a.At("final"));
        byte[] stream;
        using (var send = Store.OpenSend(a.At("final")))
        {
            using var memory = new MemoryStream();
            send.Output.CopyTo(memory);
            send.Finish();
            stream = memory.ToArray();
        }
        using (var receive = Store.OpenReceive(b))
        {
            receive.Input.Write(stream);
            receive.Finish();
        }
        Assert.True(Store.Exists(b.At("final")));
        Fails(DatasetException.ExistsCode, () => Store.OpenReceive(b).Dispose());
        var c = Root.Child("c");
        Fails(DatasetException.StreamCode, () =>
        {
            using var receive = Store.OpenReceive(c);
            receive.Input.Write(stream, 0, stream.Length - 10);
            receive.Finish();
        });
        Assert.False(Store.Exists(c));
        Fails(DatasetException.NotFoundCode, () => Store.OpenSend(a.At("none")).Dispose());
    }

    [Fact]
    public void Volumes_are_volumes()
    {
        var v = Root.Child("v");
        Store.CreateVolume(v, 16 << 20, sparse: true);
        Assert.Equal(DatasetKinds.Volume, Assert.Single(Store.List(v, properties: ["volsize"])).Kind);
        Assert.Equal("16777216", Store.GetProperties(v, "volsize")["volsize"]);
        Assert.DoesNotContain(Store.List(Root, DatasetKinds.FileSystem), e => e.Dataset == v);
    }

    [Fact]
    public void A_snapshot_keeps_what_was_there_and_a_rollback_brings_it_back()
    {
        var a = Root.Child("a");
        Store.Create(a);
        Put(a, "one");
        Store.Snapshot(a.At("one"));
        Put(a, "two");
        Store.Rollback(a.At("one"));
        Assert.Equal("one", Got(a));
        Put(a, "two");
        Store.Snapshot(a.At("two"));
        Put(a, "three");
        Store.Rollback(a.At("one"), destroyLater: true);
        Assert.Equal("one", Got(a));
        Assert.True(Store.Exists(a.At("one")));
    }

    [Fact]
    public void A_rollback_does_not_destroy_what_has_clones()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Store.Snapshot(a.At("one"));
        Store.Snapshot(a.At("two"));
        Store.Clone(a.At("two"), b);
        Fails(DatasetException.HasClonesCode, () => Store.Rollback(a.At("one"), destroyLater: true));
        Assert.True(Store.Exists(a.At("two")));
    }

    [Fact]
    public void A_clone_begins_with_the_snapshot_and_goes_its_own_way()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Put(a, "then");
        Store.Snapshot(a.At("s"));
        Put(a, "now");
        Store.Clone(a.At("s"), b, new Dictionary<string, string> { ["lumos:k"] = "v" });
        Assert.Equal("then", Got(b));
        Put(b, "else");
        Assert.Equal(("now", "else"), (Got(a), Got(b)));
        Assert.Equal("v", Store.GetProperties(b, "lumos:k")["lumos:k"]);
        Fails(DatasetException.ExistsCode, () => Store.Clone(a.At("s"), b));
        Fails(DatasetException.NotFoundCode, () => Store.Clone(a.At("s"), Root.Child("none").Child("c")));
        Store.RenameSnapshot(a.At("s"), "t");
        Store.Rename(a, Root.Child("z"));
        Assert.Equal(Root.Child("z").At("t").ToString(), Store.GetProperties(b, "origin")["origin"]);
    }

    [Fact]
    public void A_recursive_snapshot_is_of_all_or_of_none()
    {
        var a = Root.Child("a");
        Store.Create(a.Child("x"), parents: true);
        Store.Create(a.Child("y"));
        Store.Snapshot(a.Child("y").At("s"));
        Fails(DatasetException.ExistsCode, () => Store.Snapshot(a.At("s"), recursive: true));
        Assert.Equal([a.Child("y").At("s")], Store.List(a, DatasetKinds.Snapshot).Select(e => e.Snapshot));
        Store.Snapshot(a.At("t"), recursive: true);
        Assert.Equal(3, Store.List(a, DatasetKinds.Snapshot).Count(e => e.Snapshot!.Name == "t"));
        Assert.Equal([a.At("t")], Store.List(a, DatasetKinds.Snapshot, 1).Select(e => e.Snapshot));
        Store.DestroySnapshot(a.At("t"), recursive: true);
        Assert.Equal([a.Child("y").At("s")], Store.List(a, DatasetKinds.Snapshot).Select(e => e.Snapshot));
        Fails(DatasetException.HasChildrenCode, () => Store.Destroy(a.Child("y")));
    }

    [Fact]
    public void Snapshots_are_listed_oldest_first_with_their_own_identity()
    {
        var a = Root.Child("a");
        Store.Create(a);
        foreach (string name in new[] { "z", "m", "a" })
        {
            Store.Snapshot(a.At(name));
        }
        var all = Store.List(a, DatasetKinds.Snapshot, 1, ["guid", "creation"]);
        Assert.Equal(["z", "m", "a"], all.Select(e => e.Snapshot!.Name));
        Assert.Equal(3, all.Select(e => e["guid"]).Distinct().Count());
        Assert.All(all, e => Assert.NotNull(e.Number("creation")));
    }

    [Fact]
    public void Mountpoints_follow_names_unless_they_are_set()
    {
        var (a, z) = (Root.Child("a"), Root.Child("z"));
        string own = Path.Combine(Path.GetTempPath(), $"lumos-contract-{Guid.NewGuid():N}");
        Store.Create(a.Child("x"), parents: true);
        Put(a.Child("x"), "child");
        Store.Rename(a, z);
        Assert.Equal("child", Got(z.Child("x")));
        Assert.EndsWith("/z/x", Mountpoint(z.Child("x")));
        Store.SetProperties(z, new Dictionary<string, string> { ["mountpoint"] = own });
        Assert.Equal((own, own + "/x"), (Mountpoint(z), Mountpoint(z.Child("x"))));
        Assert.Equal("child", Got(z.Child("x")));
        Assert.Equal("yes", Store.GetProperties(z.Child("x"), "mounted")["mounted"]);
        Store.Rename(z, a);
        Assert.Equal(own + "/x", Mountpoint(a.Child("x")));
        Assert.Equal("child", Got(a.Child("x")));
        Store.Inherit(a, "mountpoint");
        Assert.EndsWith("/a/x", Mountpoint(a.Child("x")));
        Assert.Equal("child", Got(a.Child("x")));
        if (Directory.Exists(own))
        {
            Directory.Delete(own, recursive: true);
        }
    }

    [Fact]
    public void What_does_not_mount_itself_is_mounted_when_told_to()
    {
        var a = Root.Child("a");
        Store.Create(a, new Dictionary<string, string> { ["canmount"] = "noauto" });
        string? Mounted() => Store.GetProperties(a, "mounted")["mounted"];
        Assert.Equal("no", Mounted());
        Store.Mount(a);
        Store.Mount(a);
        Assert.Equal("yes", Mounted());
        Store.Unmount(a);
        Store.Unmount(a);
        Assert.Equal("no", Mounted());
    }

    [Fact]
    public void Some_properties_stay_where_they_are_set()
    {
        var child = Root.Child("a").Child("b");
        Store.Create(child, parents: true);
        Store.SetProperties(Root.Child("a"), new Dictionary<string, string> { ["quota"] = "1073741824", ["atime"] = "off" });
        var values = Store.GetProperties(child, "quota", "atime", "canmount", "recordsize");
        Assert.Equal(("0", "off", "on", "131072"), (values["quota"], values["atime"], values["canmount"], values["recordsize"]));
        Fails(DatasetException.FailedCode, () => Store.Inherit(Root.Child("a"), "quota"));
        Store.SetProperties(Root.Child("a"), new Dictionary<string, string> { ["quota"] = "none" });
        Assert.Equal("0", Store.GetProperties(Root.Child("a"), "quota")["quota"]);
    }

    [Fact]
    public void An_incremental_stream_becomes_a_clone_of_what_it_is_based_on()
    {
        var (a, b, c, other) = (Root.Child("a"), Root.Child("b"), Root.Child("c"), Root.Child("other"));
        Store.Create(a);
        Put(a, "one");
        Store.Snapshot(a.At("one"));
        Put(a, "two");
        Store.Snapshot(a.At("two"));
        byte[] whole = Sent(a.At("one")), increment = Sent(a.At("two"), new SendOptions { From = a.At("one") });
        string? guid = Store.List(a, DatasetKinds.Snapshot, 1, ["guid"])[0]["guid"];
        Store.Destroy(a, recursive: true);
        Store.Create(other);
        Store.Snapshot(other.At("one"));

        Receive(b, whole, new ReceiveOptions { Mount = true });
        Assert.Equal("one", Got(b));
        Assert.Equal(guid, Store.List(b, DatasetKinds.Snapshot, 1, ["guid"])[0]["guid"]);
        Fails(DatasetException.StreamCode, () => Receive(c, increment, new ReceiveOptions { Origin = other.At("one") }));
        Assert.False(Store.Exists(c));
        Receive(c, increment, new ReceiveOptions { Origin = b.At("one"), Mount = true });
        Assert.Equal("two", Got(c));
        Assert.Equal([c.At("two")], Store.List(c, DatasetKinds.Snapshot, 1).Select(e => e.Snapshot));
        Assert.Equal(b.At("one").ToString(), Store.GetProperties(c, "origin")["origin"]);
        Fails(DatasetException.HasClonesCode, () => Store.Destroy(b, recursive: true));
    }

    [Fact]
    public void A_stream_of_nonsense_makes_nothing_and_a_receive_given_up_neither()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Fails(DatasetException.StreamCode, () => Receive(b, RandomNumberGenerator.GetBytes(100_000)));
        Store.Create(a);
        Store.Snapshot(a.At("s"));
        byte[] stream = Sent(a.At("s"));
        using (var receive = Store.OpenReceive(b))
        {
            receive.Input.Write(stream, 0, stream.Length / 2);
        }
        Assert.False(Store.Exists(b));
        Fails(DatasetException.NotFoundCode, () => Store.OpenReceive(Root.Child("none").Child("x")).Dispose());
        Receive(b, stream, new ReceiveOptions { Properties = new Dictionary<string, string> { ["lumos:k"] = "v" } });
        var values = Store.GetProperties(b, "lumos:k", "mounted");
        Assert.Equal(("v", "no"), (values["lumos:k"], values["mounted"]));
    }

    [Fact]
    public void An_increment_brings_a_dataset_up_to_date_and_drops_what_was_changed_there()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Put(a, "one");
        Store.Snapshot(a.At("one"));
        Put(a, "two");
        Store.Snapshot(a.At("two"));
        Put(a, "three");
        Store.Snapshot(a.At("three"));
        Receive(b, Sent(a.At("one")), new ReceiveOptions { Mount = true });
        Put(b, "mine");
        Fails(DatasetException.StreamCode, () => Receive(
            b, Sent(a.At("three"), new SendOptions { From = a.At("two") }), new ReceiveOptions { Onto = b.At("one") }));
        Assert.Equal([b.At("one")], Store.List(b, DatasetKinds.Snapshot, 1).Select(e => e.Snapshot));
        Receive(b, Sent(a.At("two"), new SendOptions { From = a.At("one") }), new ReceiveOptions { Onto = b.At("one"), Mount = true });
        Assert.Equal("two", Got(b));
        Receive(b, Sent(a.At("three"), new SendOptions { From = a.At("two") }), new ReceiveOptions { Onto = b.At("two"), Mount = true });
        Assert.Equal("three", Got(b));
        Assert.Equal([b.At("one"), b.At("two"), b.At("three")], Store.List(b, DatasetKinds.Snapshot, 1).Select(e => e.Snapshot));
        string?[] Guids(DatasetName name) => [.. Store.List(name, DatasetKinds.Snapshot, 1, ["guid"]).Select(e => e["guid"])];
        Assert.Equal(Guids(a), Guids(b));
        Fails(DatasetException.NotFoundCode, () => Store.OpenReceive(b, new ReceiveOptions { Onto = b.At("none") }).Dispose());
    }

    [Fact]
    public void A_stream_brings_properties_when_asked_to()
    {
        var (a, b, c) = (Root.Child("a"), Root.Child("b"), Root.Child("c"));
        Store.Create(a, new Dictionary<string, string> { ["recordsize"] = "16384", ["lumos:k"] = "v", ["quota"] = "1073741824" });
        Store.Snapshot(a.At("s"));
        Receive(b, Sent(a.At("s"), new SendOptions { Properties = true }));
        var values = Store.GetProperties(b, "recordsize", "lumos:k", "quota");
        Assert.Equal(("16384", "v", "1073741824"), (values["recordsize"], values["lumos:k"], values["quota"]));
        Receive(c, Sent(a.At("s")));
        Assert.Null(Store.GetProperties(c, "lumos:k")["lumos:k"]);
        var d = Root.Child("d");
        Receive(d, Sent(a.At("s"), new SendOptions { Properties = true }), new ReceiveOptions { Without = ["quota", "lumos:k", "sharenfs", "volmode"] });
        values = Store.GetProperties(d, "recordsize", "lumos:k", "quota");
        Assert.Equal(("16384", null, "0"), (values["recordsize"], values["lumos:k"], values["quota"] ?? "0"));
    }

    [Fact]
    public void A_resumable_receive_that_was_cut_goes_on_where_it_was_or_leaves_nothing()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a);
        Put(a, Convert.ToHexString(RandomNumberGenerator.GetBytes(2 << 20)));
        Store.Snapshot(a.At("s"));
        byte[] whole = Sent(a.At("s"));
        Assert.Null(Store.ResumeToken(b));
        Cut(b, whole, new ReceiveOptions { Resumable = true });
        if (Store.ResumeToken(b) is { } token)
        {
            byte[] rest = Sent(a.At("s"), new SendOptions { Resume = token });
            Assert.True(rest.Length < whole.Length);
            Receive(b, rest, new ReceiveOptions { Resumable = true, Mount = true });
        }
        else
        {
            Assert.False(Store.Exists(b));
            Receive(b, whole, new ReceiveOptions { Resumable = true, Mount = true });
        }
        Assert.True(Store.Exists(b.At("s")));
        Assert.Null(Store.ResumeToken(b));

        Put(a, Convert.ToHexString(RandomNumberGenerator.GetBytes(2 << 20)));
        Store.Snapshot(a.At("t"));
        byte[] more = Sent(a.At("t"), new SendOptions { From = a.At("s") });
        Cut(b, more, new ReceiveOptions { Onto = b.At("s"), Resumable = true });
        Assert.False(Store.Exists(b.At("t")));
        Store.AbortReceive(b);
        Assert.Null(Store.ResumeToken(b));
        Assert.True(Store.Exists(b.At("s")));
        Cut(b, more, new ReceiveOptions { Onto = b.At("s"), Resumable = true });
        Store.Destroy(b, recursive: true);
        Assert.False(Store.Exists(b));
    }

    /// <summary>Half of a stream, and then its sender is gone.</summary>
    private void Cut(DatasetName name, byte[] stream, ReceiveOptions options)
    {
        using var receive = Store.OpenReceive(name, options);
        receive.Input.Write(stream, 0, stream.Length / 2);
    }

    protected string Mountpoint(DatasetName name) => Store.GetProperties(name, "mountpoint")["mountpoint"]!;

    private byte[] Sent(SnapshotName snapshot, SendOptions? options = null)
    {
        using var send = Store.OpenSend(snapshot, options);
        using var memory = new MemoryStream();
        send.Output.CopyTo(memory);
        send.Finish();
        return memory.ToArray();
    }

    private void Receive(DatasetName name, byte[] stream, ReceiveOptions? options = null)
    {
        using var receive = Store.OpenReceive(name, options);
        receive.Input.Write(stream);
        receive.Finish();
    }

    private static void Fails(string code, Action action) =>
        Assert.Equal(code, Assert.ThrowsAny<LumosException>(action).Code);
}
