using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Oci;
using Lumos.Linux.Mounts;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Config;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>/checkpoints of a real zone whose datasets are on btrfs. Needs what <see cref="RealZoneTests"/> needs, and btrfs.</summary>
[Trait("level", "host")]
public sealed class CheckpointHostTests : IDisposable
{
    private const string Uuid = "0d5f0a52-6e0c-4b6e-9d0f-7a0b5b1f0c11";

    private static readonly ZoneName _name = ZoneName.Parse(Uuid);

    private static readonly DatasetName _root = DatasetName.Parse("zones/" + Uuid);

    private readonly BtrfsMachine _machine;

    public CheckpointHostTests()
    {
        _machine = new BtrfsMachine(layout => new ZoneRuntime(layout,
            OciRuntime.Find() with { StateRoot = Path.Combine(Path.GetDirectoryName(layout.Run)!, "oci") }, new RealZoneTests.NoLinks()), RealZoneTests.FillRoot);
        Directory.CreateDirectory(_machine.At("usr/lib/lumos"));
        File.WriteAllText(_machine.At("usr/lib/lumos/zonename"), "global\n");
        _machine.Datasets.Clone(SnapshotName.Parse($"zones/{BtrfsMachine.Image}@final"), _root);
        foreach (string folder in (string[])["config", "logs", "cores"])
        {
            Directory.CreateDirectory(_machine.At($"zones/{Uuid}/{folder}"));
        }
        Host.Zones.Create(new ZoneConfig { Name = _name, ZonePath = _machine.At("zones/" + Uuid), Brand = ZoneBrand.Lx }, Uuid);
        Host.Zones.SetState(_name, ZoneState.Installed);
        File.WriteAllText(Note, "first\n");
    }

    private Host.VmHost Host => _machine.Host;

    private string Note => _machine.At($"zones/{Uuid}/root/note");

    public void Dispose()
    {
        Host.Runtime.Halt(_name);
        Assert.DoesNotContain(MountTable.Read(), m => m.Target.StartsWith(_machine.At("run"), StringComparison.Ordinal));
        _machine.Dispose();
    }

    [Fact]
    public void A_zone_sees_its_snapshots_and_cannot_touch_them()
    {
        new VmSnapshots(Host).Create(Uuid, "before");
        new Booter(Host).Boot(Uuid); // one from before the boot
        Assert.Equal("before", Output("ls /checkpoints"));
        Output("echo second > /note");
        new VmSnapshots(Host).Create(Uuid, "a%b:1"); // and one of a zone that runs
        Assert.Equal("a%b:1\nbefore", Output("ls /checkpoints"));
        Assert.Equal("first", Output("cat /checkpoints/before/note"));
        Assert.Equal("second", Output("cat /checkpoints/a%b:1/note"));
        Assert.Equal("0 0", Output("stat -c '%u %g' /checkpoints/before/bin"));
        Assert.Equal("no", Output("ls /checkpoints/before/config /checkpoints/before/../config 2>/dev/null || echo no"));

        foreach (string attempt in (string[])["echo x > /checkpoints/before/note", "touch /checkpoints/x", "mount -o remount,rw /checkpoints/before",
            "mount -o remount,bind,rw,dev /checkpoints/before", "rm -rf /checkpoints/before/note"])
        {
            Assert.True(Run($"( {attempt} ) 2>/dev/null") != 0, attempt);
        }
        Assert.Equal("first", Output("cat /checkpoints/before/note"));

        new VmSnapshots(Host).Delete(Uuid, "before");
        Assert.Equal("a%b:1", Output("ls /checkpoints"));
        new VmRollback(Host).Run(Uuid, "a%b:1", keepState: true, keepConfiguration: false);
        Assert.Equal("a%b:1", Output("ls /checkpoints"));
        new VmLifecycle(Host).Stop(Uuid, force: true);
        Assert.False(Directory.Exists(Host.Layout.CheckpointsFolder(_name)));
        new VmSnapshots(Host).Create(Uuid, "stopped");
    }

    [Fact]
    public void What_a_killed_client_left_is_put_right_and_no_more_than_the_newest_are_shown()
    {
        new Booter(Host).Boot(Uuid);
        // Somebody was killed between the snapshot and its sight, and somebody between sight and the snapshot's end.
        _machine.Datasets.Snapshot(SnapshotLabel.Parse("unseen").Of(_root));
        Directory.CreateDirectory(Path.Combine(Host.Layout.CheckpointsFolder(_name), "half"));
        Directory.CreateDirectory(Path.Combine(Host.Layout.CheckpointsFolder(_name), "unseen"));
        _machine.Datasets.Snapshot(SnapshotName.Parse($"{_root}@others"));
        new VmSnapshots(Host).Create(Uuid, "seen");
        Assert.Equal("seen\nunseen", Output("ls /checkpoints"));
        Assert.Equal("first", Output("cat /checkpoints/unseen/note"));

        for (int i = 0; i < ZoneCheckpoints.MostShown; i++)
        {
            _machine.Datasets.Snapshot(SnapshotLabel.Parse($"many{i:00}").Of(_root));
        }
        Host.Checkpoints.Bring(_name, _root);
        Assert.Equal(string.Join('\n', Enumerable.Range(0, ZoneCheckpoints.MostShown).Select(i => $"many{i:00}")), Output("ls /checkpoints"));
    }

    [Fact]
    public void A_zone_that_looks_into_a_snapshot_keeps_nobody_from_deleting_it_on_btrfs()
    {
        new VmSnapshots(Host).Create(Uuid, "held");
        new Booter(Host).Boot(Uuid);
        Run("cd /checkpoints/held && sleep 300 < /checkpoints/held/note > /dev/null 2>&1 &");
        new VmSnapshots(Host).Delete(Uuid, "held");
        Assert.Equal("", Output("ls /checkpoints"));
    }

    private int Run(string script) => Host.Runtime.Exec(_name, new ZoneCommand
    {
        Argv = ["/bin/sh", "-c", script],
        Environment = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("PATH", "/bin:/sbin"),
    });

    private string Output(string script)
    {
        Run($"exec > /out 2>&1; {script}");
        return File.ReadAllText(_machine.At($"zones/{Uuid}/root/out")).Trim();
    }
}
