using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Applets;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneAppletTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zones-").FullName;
    private readonly ZoneLayout _layout;
    private readonly FakeZoneRuntime _runtime = new();

    public ZoneAppletTests()
    {
        _layout = new ZoneLayout { Configurations = Path.Combine(_folder, "etc"), Locks = Path.Combine(_folder, "locks") };
        var store = new ZoneConfigStore(_layout);
        foreach (string name in new[] { "stopped", "up", "half" })
        {
            store.Create(new ZoneConfig { Name = ZoneName.Parse(name), ZonePath = "/zones/" + name, Brand = ZoneBrand.Lx }, "uuid-of-" + name);
            _runtime.States[ZoneName.Parse(name)] = ZoneState.Installed;
        }
        _runtime.States[ZoneName.Parse("up")] = ZoneState.Running;
        _runtime.States[ZoneName.Parse("half")] = ZoneState.Configured;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Lists_what_runs() => Assert.Equal("global\nup\n", Run("list"));

    [Fact]
    public void Lists_what_is_installed_and_what_is_configured()
    {
        Assert.Equal("global\nup\nstopped\n", Run("list", "-i"));
        Assert.Equal("up\nstopped\nhalf\n", Run("list", "-cn"));
    }

    [Fact]
    public void Verbose_list() => Assert.Equal(
        """
          ID NAME             STATUS     PATH                           BRAND    IP    
           0 global           running    /                              liveimg  shared
           5 up               running    /zones/up                      lx       excl  
           - stopped          installed  /zones/stopped                 lx       excl  
           - half             configured /zones/half                    lx       excl  

        """, Run("list", "-cv"));

    [Fact]
    public void Parsable_list() => Assert.Equal(
        "0:global:running:/::liveimg:shared:0\n5:up:running:/zones/up:uuid-of-up:lx:excl:2\n", Run("list", "-p"));

    [Fact]
    public void One_zone() => Assert.Equal("stopped\n", Run("-z", "stopped", "list"));

    [Theory]
    [InlineData("-z", "none", "list")]
    [InlineData("-z", "up", "install", "-t", "x")]
    [InlineData("-z", "up", "mount")]
    [InlineData("-z", "up", "move", "/zones/y")]
    [InlineData("-z", "up", "ready")]
    [InlineData("-z", "stopped", "uninstall")]
    [InlineData("-z", "stopped", "reboot")]
    [InlineData("-z", "stopped", "apply")]
    [InlineData("-z", "half", "mark", "incomplete")]
    [InlineData("-z", "global", "halt")]
    public void Refuses(params string[] words)
    {
        Assert.Equal(1, Assert.ThrowsAny<LumosException>(() => Run(words)).ExitStatus);
    }

    [Theory]
    [InlineData]
    [InlineData("boot")]
    [InlineData("-z", "up", "fly")]
    [InlineData("list", "-pv")]
    [InlineData("list", "-x")]
    [InlineData("-z", "up", "list", "-c")]
    [InlineData("-z", "stopped", "boot", "--", "-m", "verbose")]
    [InlineData("-z", "stopped", "boot", "-i", "init")]
    [InlineData("-z", "stopped", "boot", "now")]
    [InlineData("-z", "up", "shutdown", "--", "-s")]
    [InlineData("-z", "up", "mark", "broken")]
    [InlineData("-z", "half", "install", "-q", "much")]
    [InlineData("-z", "half", "install")]
    public void Usage(params string[] words) => Assert.Equal(2, Assert.Throws<UsageException>(() => Run(words)).ExitStatus);

    [Fact]
    public void The_store_numbers_zones_once_and_for_all()
    {
        var store = new ZoneConfigStore(_layout);
        store.Remove(ZoneName.Parse("half"));
        store.Remove(ZoneName.Parse("half"));
        var next = store.Create(new ZoneConfig { Name = ZoneName.Parse("next"), ZonePath = "/z", Brand = ZoneBrand.Lx }, "u");
        Assert.Equal(4, next.ZoneDid);
        Assert.Equal(4, store.Load(next.Name).ZoneDid);
        Assert.Equal("ZoneExists", Assert.Throws<LumosException>(() => store.Create(next, "u")).Code);
        Assert.Equal("ZoneNotConfigured", Assert.Throws<LumosException>(() => store.Load(ZoneName.Parse("half"))).Code);
        File.Delete(_layout.NextDebugIdFile);
        Assert.Equal(5, store.Create(next with { Name = ZoneName.Parse("later"), ZoneDid = null }, "u").ZoneDid);
    }

    [Fact]
    public void Boots_with_options()
    {
        Run("-z", "stopped", "boot", "--", "-s");
        Assert.Equal(["/sbin/init", "single"], _runtime.Booted!.Init);
        Run("-z", "stopped", "halt");
        Run("-z", "stopped", "boot", "-i", "/bin/sh");
        Assert.Equal(["/bin/sh"], _runtime.Booted!.Init);
        var store = new ZoneConfigStore(_layout);
        store.Save(store.Load(ZoneName.Parse("stopped")) with { BootArgs = "-i /sbin/other" });
        Run("-z", "stopped", "reboot");
        Assert.Equal(["/sbin/other"], _runtime.Booted!.Init);
        Run("-z", "stopped", "shutdown", "-r", "--", "-i", "/bin/sh");
        Assert.Equal(["/bin/sh"], _runtime.Booted!.Init);
        Run("-z", "stopped", "halt");
        Run("-z", "stopped", "ready");
        Assert.Equal(ZoneState.Ready, _runtime.States[ZoneName.Parse("stopped")]);
        Run("-z", "stopped", "boot");
        Assert.Equal(ZoneState.Running, _runtime.States[ZoneName.Parse("stopped")]);
    }

    [Fact]
    public void Limits_of_the_configuration_are_put_on_the_running_zone()
    {
        var store = new ZoneConfigStore(_layout);
        store.Save(store.Load(ZoneName.Parse("up")).WithRctl(ZoneAttrNames.MaxLwps, 123));
        Run("-z", "up", "apply");
        Assert.Equal(("up", 123), (_runtime.Limited!.Name.Text, _runtime.Limited.MaxLwps));
    }

    [Fact]
    public void A_native_zone_is_told_its_milestone()
    {
        var spec = Specs.Native;
        Assert.Equal("milestone=single-user", Administration.ZoneBootOptions.Parse(["-s"]).Apply(spec).Environment[Administration.ZoneBootOptions.Variable]);
        Assert.Equal("milestone=network", Administration.ZoneBootOptions.OfConfig("-m milestone=network").Apply(spec).Environment["SMF_BOOTARGS"]);
        Assert.Equal("ZoneCannotBoot",
            Assert.Throws<LumosException>(() => Administration.ZoneBootOptions.Parse(["-m", "milestone=network"]).Apply(Specs.Lx)).Code);
    }

    [Fact]
    public void Help_names_every_subcommand() => Assert.Contains("\nuninstall [-F]\n\tdestroy its files\n", Run("help"), StringComparison.Ordinal);

    [Fact]
    public void Verify_tells_by_its_status()
    {
        Assert.Equal(0, Status("-z", "half", "verify"));
        var store = new ZoneConfigStore(_layout);
        store.Save(store.Load(ZoneName.Parse("half")) with { ZonePath = "/none/half" });
        Assert.Equal(1, Status("-z", "half", "verify"));
    }

    private int Status(params string[] words) => new ZoneAdm(
        new AppletContext { Name = "zoneadm", Args = words, Out = TextWriter.Null, Error = TextWriter.Null, InputIsTerminal = () => false },
        _layout, _ => _runtime, () => new Lumos.Testing.FakeDatasets("zones")).Run();

    private string Run(params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        var context = new AppletContext { Name = "zoneadm", Args = words, Out = output, Error = TextWriter.Null, InputIsTerminal = () => false };
        new ZoneAdm(context, _layout, _ => _runtime, () => new Lumos.Testing.FakeDatasets("zones")).Run();
        return output.ToString();
    }
}
