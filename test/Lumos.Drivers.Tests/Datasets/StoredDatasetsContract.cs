using System.Security.Cryptography;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>The contract where datasets are on a disk: file systems hold files, quotas act, volumes are devices.</summary>
public abstract class StoredDatasetsContract : DatasetsContract
{
    /// <summary>A volume's block device.</summary>
    protected virtual string DeviceOf(DatasetName volume) => $"/dev/zvol/{volume}";

    protected override void Put(DatasetName name, string text) => File.WriteAllText(Path.Combine(Mountpoint(name), "file"), text);

    protected override string Got(DatasetName name) => File.ReadAllText(Path.Combine(Mountpoint(name), "file"));

    [Fact]
    public void A_quota_acts_on_the_dataset_and_all_below()
    {
        var a = Root.Child("a");
        Store.Create(a, new Dictionary<string, string> { ["quota"] = (32 << 20).ToString(System.Globalization.CultureInfo.InvariantCulture) });
        Store.Create(a.Child("b"));
        Assert.Equal(Errno.EDQUOT, Assert.Throws<ErrnoException>(() => Fill(a.Child("b"), "one", 64)).Errno);
        Assert.Equal(Errno.EDQUOT, Assert.Throws<ErrnoException>(() => Fill(a, "two", 64)).Errno);
        Store.SetProperties(a, new Dictionary<string, string> { ["quota"] = "none" });
        Fill(a, "three", 40);
    }

    [Fact]
    public void Space_is_charged_to_whoever_wrote_it()
    {
        var (a, b) = (Root.Child("a"), Root.Child("b"));
        const long mebi = 1 << 20;
        Store.Create(a.Child("x"), parents: true);
        Fill(a.Child("x"), "data", 8);
        Eventually(() => Used(a.Child("x")) >= 8 * mebi && Used(a) >= 8 * mebi);
        Store.Snapshot(a.Child("x").At("s"));
        Store.Clone(a.Child("x").At("s"), b);
        Assert.True(Used(b) < mebi, "a clone begins with next to nothing");
        Fill(b, "more", 4);
        Eventually(() => Used(b) is >= 4 * mebi and < 8 * mebi);
        Assert.True(Number(b, "referenced") >= 12 * mebi);
        // What a snapshot holds on to is its dataset's still.
        File.Delete(Path.Combine(Mountpoint(a.Child("x")), "data"));
        Eventually(() => Number(a.Child("x"), "referenced") < 8 * mebi && Number(a.Child("x"), "usedbysnapshots") >= 8 * mebi);
        Assert.True(Used(a.Child("x")) >= 8 * mebi);
    }

    [Fact]
    public void A_volume_keeps_what_is_written_to_its_device()
    {
        var (v, w) = (Root.Child("v"), Root.Child("w"));
        Store.CreateVolume(v, 16 << 20, sparse: true);
        Overwrite(v, 'a');
        Store.Snapshot(v.At("s"));
        Overwrite(v, 'b');
        Store.Clone(v.At("s"), w);
        Assert.Equal(DatasetKinds.Volume, Assert.Single(Store.List(w)).Kind);
        Assert.Equal("16777216", Store.GetProperties(w, "volsize")["volsize"]);
        Assert.Equal(('b', 'a'), (FirstOf(v), FirstOf(w)));
        Store.Rename(w, Root.Child("x"));
        Assert.Equal('a', FirstOf(Root.Child("x")));
        Store.Rollback(v.At("s"));
        Assert.Equal('a', FirstOf(v));
    }

    [Fact]
    public void A_snapshot_can_be_looked_into_and_tells_what_was_written_since_the_one_before()
    {
        var a = Root.Child("a");
        const long mebi = 1 << 20;
        Store.Create(a);
        Put(a, "one");
        Fill(a, "data", 6);
        Store.Snapshot(a.At("s 1"));
        Put(a, "two");
        Fill(a, "more", 2);
        Store.Snapshot(a.At("s2"));
        Store.LookInto(a.At("s 1"), folder =>
        {
            Assert.Equal("one", File.ReadAllText(Path.Combine(folder, "file")));
            Assert.False(File.Exists(Path.Combine(folder, "more")));
            Assert.ThrowsAny<IOException>(() => File.WriteAllText(Path.Combine(folder, "file"), "three"));
        });
        Assert.Equal(DatasetException.NotFoundCode, Assert.Throws<DatasetException>(() => Store.LookInto(a.At("none"), _ => { })).Code);
        var all = Store.List(a, DatasetKinds.Snapshot, 1, ["written"]);
        Assert.True(all[0].Number("written") is >= 6 * mebi and < 8 * mebi, $"first: {all[0]["written"]}");
        Assert.True(all[1].Number("written") is >= 2 * mebi and < 4 * mebi, $"second: {all[1]["written"]}");
        // What was looked into is not in use any more.
        Store.DestroySnapshot(a.At("s 1"));
    }

    private long Number(DatasetName name, string property) => Store.List(name, depth: 0, properties: [property])[0].Number(property)!.Value;

    private long Used(DatasetName name) => Number(name, "used");

    /// <summary>Bytes that do not compress, on the disk when this returns.</summary>
    private void Fill(DatasetName name, string file, int mebibytes)
    {
        using var fd = FileDescriptorIo.Open(Path.Combine(Mountpoint(name), file), OpenFlags.WriteOnly | OpenFlags.Create, 0x1a4);
        for (int i = 0; i < mebibytes; i++)
        {
            fd.WriteAll(RandomNumberGenerator.GetBytes(1 << 20));
            fd.Sync();
        }
    }

    /// <summary>Counts follow with the storage's next transaction.</summary>
    private static void Eventually(Func<bool> holds)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(40), "it did not come to hold");
            Thread.Sleep(100);
        }
    }

    private void Overwrite(DatasetName volume, char with)
    {
        using var fd = OpenDevice(volume, OpenFlags.WriteOnly);
        byte[] block = new byte[1 << 20];
        Array.Fill(block, (byte)with);
        fd.WriteAll(block);
        fd.Sync();
    }

    private char FirstOf(DatasetName volume)
    {
        using var fd = OpenDevice(volume, OpenFlags.ReadOnly);
        byte[] block = new byte[4096];
        Assert.Equal(block.Length, fd.Read(block));
        return (char)block[0];
    }

    private FileDescriptor OpenDevice(DatasetName volume, OpenFlags flags)
    {
        Eventually(() => File.Exists(DeviceOf(volume)));
        return FileDescriptorIo.Open(DeviceOf(volume), flags);
    }
}
