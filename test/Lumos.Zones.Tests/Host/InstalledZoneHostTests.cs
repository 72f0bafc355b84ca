using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Oci;
using Lumos.Testing;
using Lumos.Zones.Administration;
using Lumos.Zones.Config;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>Zones that zonecfg and zoneadm make, on a pool in a file. Needs what the other host tests need, and btrfs.</summary>
[Trait("level", "host")]
public sealed class InstalledZoneHostTests : IDisposable
{
    private const string Image = "7c1f9c0a-3f1e-4a54-8d0f-1f6f0b2f6a10";

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zoneadm-").FullName;
    private readonly string _name = $"adm-{Environment.ProcessId}";
    private readonly BtrfsPool _pool;
    private readonly ZoneLayout _layout;
    private readonly ZoneRuntime _runtime;

    public InstalledZoneHostTests()
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        _pool = new BtrfsPool("zones", At("pool"), At("pool.img"), At("zvol"), _ => { });
        _pool.Create(1L << 30);
        _pool.Open(mount: false);
        _pool.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["mountpoint"] = At("zones") });
        _pool.Datasets.MountAll();
        var image = DatasetName.Parse("zones/" + Image);
        _pool.Datasets.Create(image);
        HostZone.MakeRoot(At($"zones/{Image}/root"), "::sysinit:/bin/echo booted\n::respawn:/bin/sleep 3600\n");
        _pool.Datasets.Snapshot(image.At("final"));
        Directory.CreateDirectory(At("usr/lib/lumos"));
        Directory.CreateDirectory(At("usr/bin"));
        File.WriteAllText(At("usr/lib/lumos/zonename"), "global\n");
        File.Copy("/bin/busybox", At("usr/bin/busybox"));
        _layout = new ZoneLayout
        {
            Configurations = At("etc"), Run = At("run"), States = At("states"), Exits = At("exits"), Machines = At("machines"), Locks = At("locks"),
            PlatformUsr = At("usr"), CgroupParent = $"/lumos-test-adm-{Environment.ProcessId}", MountRoot = _folder,
        };
        _runtime = new ZoneRuntime(_layout, OciRuntime.Find() with { StateRoot = At("oci") }, new NoLinks());
    }

    [Fact]
    public void A_zone_of_zonecfg_is_installed_readied_booted_cloned_and_uninstalled()
    {
        var name = ZoneName.Parse(_name);
        Make(name);
        var installer = new ZoneInstaller(_layout, _runtime, _pool.Datasets, Assert.Fail);
        installer.Install(name, new InstallOptions(Image, 1, null));
        var store = new ZoneConfigStore(_layout);
        var spec = ZoneSpecReader.Load(store, name);

        _runtime.Ready(spec);
        var ready = _runtime.Status(name);
        Assert.Equal(ZoneState.Ready, ready.State);
        Assert.NotNull(ready.ZoneId);
        Assert.Throws<LumosException>(() => _runtime.Ready(spec));
        Assert.False(File.Exists(At($"zones/{_name}/root/started")));
        Assert.Throws<LumosException>(() => _runtime.Exec(name, new ZoneCommand { Argv = ["/bin/true"] }));

        _runtime.Boot(spec);
        Assert.Equal((ZoneState.Running, ready.ZoneId), (_runtime.Status(name).State, _runtime.Status(name).ZoneId));
        Assert.Equal(0, _runtime.Exec(name, new ZoneCommand { Argv = ["/bin/touch", "/made"] }));
        Assert.Throws<LumosException>(() => installer.Uninstall(name));
        _runtime.Halt(name);

        // Another init than the one it was made ready for.
        _runtime.Ready(spec);
        _runtime.Boot(ZoneBootOptions.Parse(["-i", "/bin/sleep"]).Apply(spec) with { Init = ["/bin/sleep", "3600"] });
        string commandLine = $"/proc/{_runtime.Status(name).InitPid}/cmdline";
        Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(commandLine) == "/bin/sleep\03600\0", TimeSpan.FromSeconds(20)), File.ReadAllText(commandLine));
        _runtime.Halt(name);
        Assert.Equal(ZoneState.Installed, _runtime.Status(name).State);

        _runtime.Ready(spec);
        _runtime.Halt(name);
        Assert.Equal(ZoneState.Installed, _runtime.Status(name).State);
        Assert.False(Directory.Exists(_layout.RunFolder(name)));

        var copy = ZoneName.Parse(_name + "-2");
        Make(copy);
        installer.Clone(copy, name, null);
        Assert.True(File.Exists(At($"zones/{copy}/root/made")));
        _runtime.Boot(ZoneSpecReader.Load(store, copy));
        Assert.Equal(0, _runtime.Exec(copy, new ZoneCommand { Argv = ["/bin/ls", "/made"] }));
        _runtime.Halt(copy);
        installer.Uninstall(copy);

        installer.Detach(name);
        Assert.Equal(ZoneState.Configured, _runtime.Status(name).State);
        installer.Attach(name, force: false);
        installer.Uninstall(name);
        Assert.Equal(ZoneState.Configured, _runtime.Status(name).State);
        Assert.Equal(["zones", "zones/" + Image], _pool.Datasets.List(null).Select(d => d.Name));
        Assert.Empty(_pool.Datasets.List(DatasetName.Parse("zones"), DatasetKinds.Snapshot).Where(s => s.Name.Contains("zoneadm", StringComparison.Ordinal)));
    }

    public void Dispose()
    {
        foreach (var zone in new ZoneConfigStore(_layout).ReadIndex().Zones)
        {
            _runtime.Halt(zone.Name);
        }
        _pool.Close();
        Directory.Delete(_folder, recursive: true);
        TestCgroups.Remove(_layout.CgroupParent);
    }

    private void Make(ZoneName name)
    {
        var session = new Lumos.Zones.Configure.ConfigSession(_layout, name, TextWriter.Null, TextWriter.Null, _ => null);
        foreach (var command in Lumos.Zones.Configure.ConfigParser.Parse(
            $"create -t SUNWlx; set zonepath={At("zones/" + name)}; add capped-memory; set physical=64m; end; set max-lwps=100"))
        {
            session.Run(command);
        }
        session.Finish();
    }

    private string At(string path) => Path.Combine(_folder, path);
}
