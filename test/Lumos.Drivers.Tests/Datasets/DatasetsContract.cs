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

    private static void Fails(string code, Action action) =>
        Assert.Equal(code, Assert.ThrowsAny<LumosException>(action).Code);
}
