using System.IO.Compression;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Tools;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Mounts;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>The contract over a real btrfs in a file, and what is btrfs's own.</summary>
[Trait("level", "host")]
public sealed class BtrfsDatasetsTests(BtrfsPoolFixture fixture) : StoredDatasetsContract, IClassFixture<BtrfsPoolFixture>
{
    protected override BtrfsDatasets Store => fixture.Datasets;

    protected override DatasetName Root => BtrfsPoolFixture.Root;

    private BtrfsLayout Layout => new(fixture.At("root"));

    protected override string DeviceOf(DatasetName volume) => fixture.At($"zvol/{volume}");

    [Fact]
    public void What_btrfs_cannot_give_is_refused_or_noted()
    {
        var a = Root.Child("a");
        Store.Create(a);
        foreach (var (property, value) in new[]
        {
            ("compression", "zstd-19"), ("compression", "gzip-9"), ("dedup", "on"), ("encryption", "on"), ("copies", "2"), ("used", "5"),
            ("nonsense", "1"), ("quota", "much"), ("mountpoint", "relative"), ("canmount", "perhaps"), ("volsize", "1M"), ("checksum", "off"),
        })
        {
            var refusal = Assert.Throws<DatasetException>(() => Store.SetProperties(a, new Dictionary<string, string> { [property] = value }));
            Assert.Equal(DatasetException.FailedCode, refusal.Code);
            Assert.Contains($"{property}={value}", refusal.Message);
        }
        fixture.Notes.Clear();
        Store.SetProperties(a, new Dictionary<string, string> { ["compression"] = "lz4", ["recordsize"] = "16K", ["reservation"] = "1G" });
        Assert.Equal(3, fixture.Notes.Count);
        Assert.Contains(fixture.Notes, n => n.Contains("lzo"));
        var values = Store.GetProperties(a, "compression", "recordsize", "reservation");
        Assert.Equal(("lz4", "16384", "1073741824"), (values["compression"], values["recordsize"], values["reservation"]));
        Assert.Throws<DatasetException>(() => Store.CreateVolume(Root.Child("v"), 1 << 20, new Dictionary<string, string> { ["volblocksize"] = "131072" }));
        Assert.Throws<DatasetException>(() => Store.CreateVolume(Root.Child("v"), 1000));
        Assert.False(Store.Exists(Root.Child("v")));
    }

    [Fact]
    public void Many_datasets_are_listed_as_each_by_itself()
    {
        var many = Root.Child("many");
        Store.Create(many, new Dictionary<string, string> { ["org:inherited"] = "yes" });
        for (int i = 0; i < 60; i++)
        {
            var one = many.Child($"d{i}");
            Store.Create(one, i % 3 == 0 ? null : new Dictionary<string, string> { ["org:own"] = $"value {i}", ["org:long"] = new string('x', i * 100) });
            if (i % 10 == 1)
            {
                Store.Snapshot(one.At("s"));
                Store.SetProperties(one, new Dictionary<string, string> { ["org:own"] = "changed" });
            }
        }
        string[] wanted = ["org:inherited", "org:own", "org:long", "guid", "creation"];
        // All by one look at the file system's tree, which must not depend on what has been written to the disk yet.
        Assert.NotNull(TreeSearch.Attributes(Layout.Records, "user.lumos", 10_000));
        Assert.Null(TreeSearch.Attributes(Layout.Records, "user.lumos", 50));
        var listed = Store.List(many, DatasetKinds.Live, 1, wanted);
        Assert.Equal(61, listed.Count);
        Assert.All(listed, entry => Assert.Equal(Store.GetProperties(entry.Dataset, wanted), entry.Properties));
        Assert.Equal("changed", listed.Single(e => e.Dataset.Leaf == "d31")["org:own"]);
        Assert.Null(listed.Single(e => e.Dataset.Leaf == "d33")["org:own"]);
        Store.Destroy(many, recursive: true);
    }

    [Fact]
    public void Compression_compresses()
    {
        var a = Root.Child("a");
        Store.Create(a, new Dictionary<string, string> { ["compression"] = "zstd" });
        Store.Create(a.Child("b"));
        // Not File.WriteAllText, which allocates beforehand: what is allocated is not compressed.
        Tool.Run("sh", "-c", $"head -c 8M /dev/zero | tr '\\0' x > {fixture.At("zones/a/b/file")}").OrThrow();
        Tool.Run("sync", "-f", fixture.At("zones/a/b")).OrThrow();
        Assert.InRange(long.Parse(Store.GetProperties(a.Child("b"), "referenced")["referenced"]!), 1, 1 << 20);
    }

    [Fact]
    public void A_property_says_where_it_comes_from()
    {
        var (a, b) = (Root.Child("a"), Root.Child("a").Child("b"));
        Store.Create(a, new Dictionary<string, string> { ["atime"] = "off" });
        Store.Create(b, new Dictionary<string, string> { ["exec"] = "off" });
        Assert.Equal(("local", "inherited from zones/a", "default", "-"),
            (Store.SourceOf(a, "atime"), Store.SourceOf(b, "atime"), Store.SourceOf(b, "devices"), Store.SourceOf(b, "used")));
        Assert.Equal("inherited from zones", Store.SourceOf(b, "mountpoint"));
    }

    [Fact]
    public void Flags_of_the_mount_follow_the_properties()
    {
        var a = Root.Child("a");
        Store.Create(a, new Dictionary<string, string> { ["devices"] = "off", ["setuid"] = "off" });
        string[] Options() => [.. MountTable.Read().Single(m => m.Target == fixture.At("zones/a")).Options.Split(',')];
        Assert.Contains("nodev", Options());
        Assert.Contains("nosuid", Options());
        Store.SetProperties(a, new Dictionary<string, string> { ["readonly"] = "on", ["atime"] = "off", ["exec"] = "off", ["devices"] = "on" });
        Assert.Equal(["noatime", "noexec", "nosuid", "ro"], Options().Where(o => o is not "relatime").Order());
        Assert.Throws<IOException>(() => Put(a, "x"));
        Store.SetProperties(a, new Dictionary<string, string> { ["readonly"] = "off" });
        Put(a, "x");
    }

    [Fact]
    public void A_busy_file_system_stays()
    {
        var a = Root.Child("a");
        Store.Create(a);
        using (File.Create(fixture.At("zones/a/open")))
        {
            Assert.Equal(DatasetException.FailedCode, Assert.Throws<DatasetException>(() => Store.Destroy(a)).Code);
            Assert.True(File.Exists(fixture.At("zones/a/open")));
        }
        Store.Destroy(a);
        Assert.False(Directory.Exists(fixture.At("zones/a")));
    }

    [Fact]
    public void Limits_on_numbers_act()
    {
        var a = Root.Child("a");
        Store.Create(a, new Dictionary<string, string> { ["snapshot_limit"] = "1", ["filesystem_limit"] = "1" });
        Store.Create(a.Child("x"));
        Assert.Throws<DatasetException>(() => Store.Create(a.Child("y")));
        Store.Snapshot(a.At("one"));
        Assert.Throws<DatasetException>(() => Store.Snapshot(a.Child("x").At("two")));
    }

    [Fact]
    public void Quotas_hold_after_a_rename_to_another_depth()
    {
        var (a, deep) = (Root.Child("a"), Root.Child("d").Child("e").Child("a"));
        Store.Create(a, new Dictionary<string, string> { ["quota"] = "64M" });
        Store.Create(deep.Parent!, parents: true);
        File.WriteAllBytes(fixture.At("zones/a/some"), new byte[20 << 20]);
        Tool.Run("sync", "-f", fixture.At("zones/a")).OrThrow();
        Store.Snapshot(a.At("s"));
        Store.Rename(a, deep);
        long Used(DatasetName name) => long.Parse(Store.GetProperties(name, "used")["used"]!);
        Tool.Run("sync", "-f", fixture.At("root")).OrThrow();
        Assert.InRange(Used(deep), 20 << 20, 21 << 20);
        Assert.InRange(Used(Root.Child("d")), 20 << 20, 21 << 20);
        Assert.Throws<IOException>(() => File.WriteAllBytes(fixture.At("zones/d/e/a/more"), new byte[60 << 20]));
    }

    [Fact]
    public void A_snapshot_of_many_datasets_is_one_of_each()
    {
        var top = Root.Child("a");
        var names = Enumerable.Range(0, 40).Select(i => top.Child($"d{i}")).ToList();
        names.ForEach(name => Store.Create(name, parents: true));
        Store.Snapshot(top.At("s1"), recursive: true);
        Store.Snapshot(names[7].At("s2"));
        Assert.Equal("DatasetExists", Assert.Throws<DatasetException>(() => Store.Snapshot(top.At("s2"), recursive: true)).Code);
        Assert.Equal(names.Prepend(top).Select(n => n.At("s1")).Append(names[7].At("s2")).Select(s => s.ToString()).Order(),
            Store.List(top, DatasetKinds.Snapshot).Select(e => e.Name).Order());
    }

    [Fact]
    public void A_replicated_stream_brings_children_snapshots_and_properties()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        Store.Create(a.Child("x"), new Dictionary<string, string> { ["lumos:k"] = "v" }, parents: true);
        Store.CreateVolume(a.Child("v"), 1 << 20, sparse: true);
        Put(a.Child("x"), "one");
        Store.Snapshot(a.At("s1"), recursive: true);
        Put(a.Child("x"), "two");
        Store.Snapshot(a.At("s2"), recursive: true);
        using (var send = Store.OpenSend(a.At("s2"), new SendOptions { Replicate = true }))
        using (var receive = Store.OpenReceive(b, new ReceiveOptions { Mount = true }))
        {
            send.Output.CopyTo(receive.Input);
            send.Finish();
            receive.Finish();
        }
        Assert.Equal(
            Store.List(a, DatasetKinds.All, null, ["guid"]).Where(e => e.Snapshot is not null).Select(e => (e.Name.Replace("/a", "/b"), e["guid"])),
            Store.List(b, DatasetKinds.All, null, ["guid"]).Where(e => e.Snapshot is not null).Select(e => (e.Name, e["guid"])));
        Assert.Equal("two", Got(b.Child("x")));
        Assert.Equal("v", Store.GetProperties(b.Child("x"), "lumos:k")["lumos:k"]);
        Assert.Equal("1048576", Store.GetProperties(b.Child("v"), "volsize")["volsize"]);
        Store.Rollback(b.Child("x").At("s1"), destroyLater: true);
        Assert.Equal("one", Got(b.Child("x")));
    }

    [Fact]
    public void A_stream_of_ZFS_becomes_a_dataset_with_its_snapshot()
    {
        var a = Root.Child("a");
        using var memory = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(Fixture("lumos-base.zfs.gz")), CompressionMode.Decompress))
        {
            packed.CopyTo(memory);
        }
        byte[] stream = memory.ToArray();
        using (var receive = Store.OpenReceive(a))
        {
            receive.Input.Write(stream);
            receive.Finish();
        }
        var snapshot = Assert.Single(Store.List(a, DatasetKinds.Snapshot, 1, ["guid"]));
        Assert.Equal((a.At("final"), 0x58b12a781e2e40f8.ToString(System.Globalization.CultureInfo.InvariantCulture)), (snapshot.Snapshot, snapshot["guid"]));
        Store.Clone(a.At("final"), Root.Child("b"));
        Assert.Equal(File.ReadAllLines(Fixture("lumos-base.list")), ZfsStreamListing.OfTree(fixture.At("zones/b")));
        Tool.Run("sync", "-f", fixture.At("root")).OrThrow();
        Assert.True(long.Parse(Store.GetProperties(a, "used")["used"]!) > 100_000);

        var refusal = Assert.Throws<DatasetException>(() =>
        {
            using var receive = Store.OpenReceive(Root.Child("c"));
            receive.Input.Write(stream, 0, stream.Length - 5000);
            receive.Finish();
        });
        Assert.Equal(DatasetException.StreamCode, refusal.Code);
        Assert.False(Store.Exists(Root.Child("c")));
        Assert.Equal(3, BtrfsLayout.Entries(Layout.Records).Count);
    }

    [Fact]
    public void What_a_cut_left_is_taken_back()
    {
        var a = Root.Child("a");
        Store.Create(a.Child("x"), parents: true);
        var tree = BtrfsTree.Load(Layout, "zones");
        ulong id = tree.Get(a).Id;
        // A child whose parent has gone, a record without a dataset, a recursive snapshot half taken, a rollback not exchanged.
        Subvolume.Create(Layout.Of(new LiveName(1, 2, false, null, "stray")));
        BtrfsRecord.Fresh().Save(Layout.RecordOf(1), "stray");
        BtrfsRecord.Fresh().Save(Layout.RecordOf(3), "none");
        Directory.CreateDirectory(Layout.SnapshotsOf(3));
        string half = Layout.Of(id, new SnapName(7, "half"));
        Directory.CreateDirectory(Layout.SnapshotsOf(id));
        Subvolume.Snapshot(Layout.Of(tree.Get(a).Live), half, readOnly: true);
        string intent = Path.Combine(Layout.Work, "snapshots");
        File.Create(intent).Dispose();
        Lumos.Linux.Files.ExtendedAttribute.Write(intent, "user.lumos.snapshots.0", System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(Layout.Snapshots, half)));
        Subvolume.Create(Path.Combine(Layout.Work, "rollback"));

        Assert.Equal([Root, a, a.Child("x")], Store.List(null).Select(e => e.Dataset));
        Store.Recover();
        Assert.Empty(Store.List(null, DatasetKinds.Snapshot));
        Assert.Empty(BtrfsLayout.Entries(Layout.Work));
        Assert.Equal(3, BtrfsLayout.Entries(Layout.Live).Count);
        Assert.Equal(3, BtrfsLayout.Entries(Layout.Records).Count);
        Store.Snapshot(a.At("half"));
    }

    [Fact]
    public void What_a_killed_receiver_left_goes_with_the_next_receive()
    {
        string left = fixture.At("root/lumos/snapshots/0000000abc"), record = fixture.At("root/lumos/records/0000000abc");
        Directory.CreateDirectory(left);
        File.Create(record).Dispose();
        Lumos.Linux.Btrfs.Subvolume.Create(Path.Combine(left, "000001.half"));
        Store.Create(Root.Child("a"));
        Assert.True(Directory.Exists(left));
        Store.OpenReceive(Root.Child("b")).Dispose();
        Assert.False(Directory.Exists(left) || File.Exists(record));
    }

    [Fact]
    public void What_a_killed_destroy_left_goes_with_the_next_change()
    {
        Store.Create(Root.Child("a"), new Dictionary<string, string> { ["canmount"] = "noauto" });
        Store.Snapshot(Root.Child("a").At("s"));
        string record = Layout.RecordOf(BtrfsTree.Load(Layout, "zones").Get(Root.Child("a")).Id);
        var live = BtrfsTree.Load(Layout, "zones").Get(Root.Child("a")).Live;
        File.Create(Layout.ChangeMark).Dispose();
        Subvolume.Destroy(Layout.Of(live));
        Assert.True(File.Exists(record) && Directory.Exists(Layout.SnapshotsOf(live.Id)));
        Store.Create(Root.Child("b"));
        Assert.False(File.Exists(record) || Directory.Exists(Layout.SnapshotsOf(live.Id)));
        Assert.Empty(BtrfsLayout.Entries(Layout.Work));
    }

    [Fact]
    public void What_a_call_did_is_on_the_disk_when_it_returns()
    {
        var (a, b, c) = (Root.Child("a"), Root.Child("b"), Root.Child("c"));
        void OnDisk(string what, Action<BtrfsDatasets> look)
        {
            string image = fixture.At("copy.img"), root = fixture.At("copy");
            // As a power cut would leave it: the file, without what the mounted file system still has in memory.
            Tool.Run("cp", "--sparse=always", fixture.At("pool.img"), image).OrThrow();
            var pool = new BtrfsPool("zones", root, image, fixture.At("copy-zvol"));
            try
            {
                pool.Open(mount: false);
                string Device(string path) => MountTable.Read().Single(m => m.Target == path).Device;
                Assert.NotEqual(Device(fixture.At("root")), Device(root));
                look(pool.Datasets);
            }
            catch (Exception e) when (e is LumosException or Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException($"after {what}", e);
            }
            finally
            {
                pool.Close();
                File.Delete(image);
            }
        }

        Store.Create(a, new Dictionary<string, string> { ["lumos:k"] = "1" });
        OnDisk("create", d => Assert.Equal("1", d.GetProperties(a, "lumos:k")["lumos:k"]));
        Store.Snapshot(a.At("s"));
        OnDisk("snapshot", d => Assert.True(d.Exists(a.At("s"))));
        Store.Clone(a.At("s"), b, new Dictionary<string, string> { ["quota"] = "64M" });
        OnDisk("clone", d => Assert.Equal(("67108864", "zones/a@s"), (d.GetProperties(b, "quota")["quota"], d.GetProperties(b, "origin")["origin"])));
        Store.SetProperties(b, new Dictionary<string, string> { ["lumos:k"] = "2" });
        OnDisk("set", d => Assert.Equal("2", d.GetProperties(b, "lumos:k")["lumos:k"]));
        Store.Rename(b, c);
        OnDisk("rename", d => Assert.Equal((false, true), (d.Exists(b), d.Exists(c))));
        Store.RenameSnapshot(a.At("s"), "t");
        OnDisk("rename of a snapshot", d => Assert.Equal((false, true), (d.Exists(a.At("s")), d.Exists(a.At("t")))));
        Store.Destroy(c);
        OnDisk("destroy", d => Assert.False(d.Exists(c)));
        Put(a, "x");
        Store.Rollback(a.At("t"));
        OnDisk("rollback", d => Assert.True(d.Exists(a)));
    }

    [Fact]
    public void Many_at_once_do_not_disturb_each_other()
    {
        var a = Root.Child("a");
        Store.Create(a);
        Store.Snapshot(a.At("s"));
        var threads = Enumerable.Range(0, 8).Select(t => new Thread(() =>
        {
            var own = new BtrfsDatasets("zones", fixture.At("root"), fixture.At("zvol"));
            for (int i = 0; i < 5; i++)
            {
                var name = Root.Child($"t{t}");
                own.Clone(a.At("s"), name);
                own.Snapshot(name.At("x"));
                _ = own.List(null, DatasetKinds.All, null, ["quota", "origin"]);
                own.Destroy(name, recursive: true);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal([Root, a], Store.List(null).Select(e => e.Dataset));
        Assert.Equal(2, BtrfsLayout.Entries(Layout.Records).Count);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Datasets", "Fixtures", name);
}
