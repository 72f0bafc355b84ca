using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Linux.Mounts;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>Pools on btrfs: made, refused, opened again, closed without a trace.</summary>
[Trait("level", "host")]
public sealed class BtrfsPoolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-pool-").FullName;

    private string Image => Path.Combine(_folder, "deep", "pool.img");

    private string Root => Path.Combine(_folder, "root");

    public void Dispose()
    {
        foreach (var mount in MountTable.Read().Where(m => m.Target.StartsWith(_folder + "/", StringComparison.Ordinal)).Reverse())
        {
            _ = Mount.TryDetach(mount.Target, lazily: true);
        }
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_pool_is_made_closed_and_opened_again_with_all_that_was_in_it()
    {
        var pool = Pool();
        pool.Create(512 << 20);
        Fails("PoolExists", () => pool.Create(512 << 20));
        pool.Open(mount: false);
        var zones = DatasetName.Parse("zones");
        string home = Path.Combine(_folder, "zones");
        pool.Datasets.SetProperties(zones, new Dictionary<string, string> { ["mountpoint"] = home });
        pool.Datasets.MountAll();
        pool.Datasets.Create(zones.Child("a"));
        pool.Datasets.CreateVolume(zones.Child("v"), 1 << 20);
        File.WriteAllText(Path.Combine(home, "a", "file"), "kept");
        var facts = pool.Facts();
        Assert.Equal(("zones", "ONLINE"), (facts.Name, facts.Health));
        Assert.InRange(facts.Size, 500 << 20, 512 << 20);
        Assert.InRange(facts.Free, 1, facts.Size);
        var seen = new BtrfsPools("zones", Root);
        Assert.Equal(facts.Size, Assert.Single(seen.List()).Size);
        var devices = seen.Devices("zones");
        Assert.Equal("striped", devices.Profile);
        Assert.Contains(Assert.Single(devices.Paths), Attached().Select(file => "/dev/" + file.Split('/')[3])); // the volume has one too
        Fails("HostedRefuses", () => seen.Destroy("zones"));
        pool.Close();
        Assert.Empty(seen.List());
        Assert.DoesNotContain(MountTable.Read(), m => m.Target.StartsWith(_folder, StringComparison.Ordinal));
        Assert.Empty(Attached());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder, "zvol")));

        pool = Pool();
        pool.Open();
        Assert.Equal("kept", File.ReadAllText(Path.Combine(home, "a", "file")));
        Assert.True(File.Exists(Path.Combine(_folder, "zvol", "zones", "v")));
        Assert.Equal("DatasetFailed", Assert.Throws<DatasetException>(() => pool.Datasets.Destroy(zones, recursive: true)).Code);
        pool.Open();
        pool.Close();
        Assert.Empty(Attached());
    }

    [Fact]
    public void What_holds_other_data_is_left_as_it_is()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Image)!);
        File.WriteAllText(Image, "somebody's");
        Fails("PoolHoldsData", () => Pool().Create(512 << 20));
        Fails("PoolHoldsData", () => Pool().Open());
        Assert.Equal("somebody's", File.ReadAllText(Image));
        Fails("PoolNotBtrfs", () => new BtrfsPool("zones", _folder).Adopt());
        Fails("PoolNotFound", () => new BtrfsPool("zones", Path.Combine(_folder, "none")).Open());
    }

    [Fact]
    public void Too_little_disk_is_said_before_anything_is_made()
    {
        Fails("NoSpaceForPool", () => Pool().Create(1L << 50));
        Fails("PoolTooSmall", () => Pool().Create(1 << 20));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_directory_of_a_btrfs_that_is_there_becomes_a_pool()
    {
        string image = Path.Combine(_folder, "other.img"), mount = Path.Combine(_folder, "mnt");
        Tool.Run("truncate", "-s", "512M", image).OrThrow();
        Tool.Run("mkfs.btrfs", "-q", image).OrThrow();
        Directory.CreateDirectory(mount);
        LoopDevice.MountFile(image, mount, "btrfs", MountFlags.None);
        string full = Path.Combine(mount, "full"), empty = Path.Combine(mount, "empty");
        Directory.CreateDirectory(full);
        Directory.CreateDirectory(empty);
        File.WriteAllText(Path.Combine(full, "x"), "somebody's");
        Fails("PoolHoldsData", () => new BtrfsPool("zones", full).Adopt());
        Assert.Equal([Path.Combine(full, "x")], Directory.GetFileSystemEntries(full));

        var notes = new List<string>();
        var pool = new BtrfsPool("zones", empty, null, Path.Combine(_folder, "zvol"), notes.Add);
        pool.Adopt();
        pool.Adopt();
        Assert.Contains(notes, n => n.Contains("quotas"));
        pool.Open(mount: false);
        var zones = DatasetName.Parse("zones");
        string home = Path.Combine(_folder, "zones");
        pool.Datasets.SetProperties(zones, new Dictionary<string, string> { ["mountpoint"] = home });
        pool.Datasets.MountAll();
        notes.Clear();
        pool.Datasets.Create(zones.Child("a"), new Dictionary<string, string> { ["quota"] = "1G" });
        Assert.Contains(notes, n => n.Contains("quota of zones/a is kept"));
        File.WriteAllBytes(Path.Combine(home, "a", "file"), new byte[1 << 20]);
        pool.Datasets.Snapshot(zones.Child("a").At("s"));
        Assert.InRange(long.Parse(pool.Datasets.GetProperties(zones.Child("a"), "used")["used"]!), 1 << 20, 2 << 20);
        pool.Datasets.Clone(zones.Child("a").At("s"), zones.Child("b"));
        Assert.Equal(1 << 20, new FileInfo(Path.Combine(home, "b", "file")).Length);
        using (var send = pool.Datasets.OpenSend(zones.Child("a").At("s")))
        using (var receive = pool.Datasets.OpenReceive(zones.Child("c"), new ReceiveOptions { Mount = true }))
        {
            send.Output.CopyTo(receive.Input);
            receive.Finish();
        }
        Assert.Equal(1 << 20, new FileInfo(Path.Combine(home, "c", "file")).Length);
        pool.Close();

        // Seen without what lies above it, as in a mount namespace that was given this directory alone.
        string bound = Path.Combine(_folder, "bound");
        Directory.CreateDirectory(bound);
        Mount.Bind(empty, bound);
        Mount.Detach(mount);
        pool = new BtrfsPool("zones", bound, null, Path.Combine(_folder, "zvol"));
        pool.Open();
        pool.Datasets.Snapshot(zones.Child("a").At("t"));
        using (var send = pool.Datasets.OpenSend(zones.Child("a").At("t"), new SendOptions { From = zones.Child("a").At("s") }))
        using (var receive = pool.Datasets.OpenReceive(zones.Child("d"), new ReceiveOptions { Mount = true }))
        {
            send.Output.CopyTo(receive.Input);
            receive.Finish();
        }
        Assert.Equal(1 << 20, new FileInfo(Path.Combine(home, "d", "file")).Length);
        Assert.DoesNotContain(MountTable.Read(), m => m.Target.Contains("lumos-receive-"));
        pool.Close();
        Mount.Detach(bound);
    }

    [Fact]
    public void The_machine_s_datasets_are_where_hosted_json_says()
    {
        string file = Path.Combine(_folder, "hosted.json");
        Assert.IsType<ZfsDatasets>(MachineDatasets.Open(file: file));
        File.WriteAllText(file, """{"name": "default", "link_prefix": "lumos0", "pool": {"kind": "btrfs", "name": "zones", "root": "/nowhere"}, "tags": []}""");
        var datasets = Assert.IsType<BtrfsDatasets>(MachineDatasets.Open(file: file));
        Assert.Equal("zones", datasets.Pool);
        Assert.Equal("DatasetFailed", Assert.Throws<DatasetException>(() => datasets.List(null)).Code);
        Assert.Equal("DatasetFailed", Assert.Throws<DatasetException>(() => datasets.Create(DatasetName.Parse("zones/a"))).Code);
    }

    private BtrfsPool Pool() => new("zones", Root, Image, Path.Combine(_folder, "zvol"));

    private static void Fails(string code, Action action) => Assert.Equal(code, Assert.ThrowsAny<LumosException>(action).Code);

    /// <summary>Loop devices on our files; other tests have theirs at the same time.</summary>
    private IEnumerable<string> Attached() => Directory.EnumerateDirectories("/sys/block", "loop*")
        .Select(d => Path.Combine(d, "loop", "backing_file"))
        .Where(f => File.Exists(f) && File.ReadAllText(f).Contains(_folder));
}
