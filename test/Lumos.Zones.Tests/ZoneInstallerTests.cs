using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Testing;
using Lumos.Zones.Administration;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneInstallerTests : IDisposable
{
    private const string Image = "7c1f9c0a-3f1e-4a54-8d0f-1f6f0b2f6a10";

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-install-").FullName;
    private readonly ZoneLayout _layout;
    private readonly ZoneConfigStore _store;
    private readonly FakeDatasets _datasets = new("zones");
    private readonly FakeZoneRuntime _runtime;
    private readonly ZoneInstaller _installer;
    private readonly List<string> _said = [];

    public ZoneInstallerTests()
    {
        _layout = new ZoneLayout { Configurations = Path.Combine(_folder, "etc"), Locks = Path.Combine(_folder, "locks"), MountRoot = _folder };
        _store = new ZoneConfigStore(_layout);
        _runtime = new FakeZoneRuntime { Store = _store };
        _installer = new ZoneInstaller(_layout, _runtime, _datasets, _said.Add);
        _datasets.Create(DatasetName.Parse("zones/" + Image));
        _datasets.Snapshot(SnapshotName.Parse($"zones/{Image}@final"));
        _datasets.OnOperation = (operation, name) =>
        {
            if (operation == "mount")
            {
                Directory.CreateDirectory(Path.Combine(_folder, name, "root"));
            }
            else if (operation == "destroy" && !name.Contains('@') && Directory.Exists(Path.Combine(_folder, name)))
            {
                Directory.Delete(Path.Combine(_folder, name), recursive: true);
            }
        };
        Configure("web");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Installs_from_an_image()
    {
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, 5, null));
        Assert.Equal(ZoneState.Installed, Index("web").State);
        var zone = _store.Load(ZoneName.Parse("web"));
        Assert.Equal(Image, zone.Attr("dataset-uuid"));
        Assert.Null(zone.Attr(ZoneAttrNames.KeepIncomplete));
        var properties = _datasets.GetProperties(DatasetName.Parse("zones/web"), "origin", "mountpoint", "quota", "devices");
        Assert.Equal(($"zones/{Image}@final", zone.ZonePath, (5L << 30).ToString(System.Globalization.CultureInfo.InvariantCulture), "off"),
            (properties["origin"], properties["mountpoint"], properties["quota"], properties["devices"]));
        Assert.True(Directory.Exists(Path.Combine(zone.ZonePath, "cores")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(zone.ZonePath));
        Assert.Empty(_said);
    }

    [Fact]
    public void The_image_may_stand_in_the_configuration_and_the_uuid_be_given()
    {
        var name = ZoneName.Parse("web");
        _store.Save(_store.Load(name).WithAttr("dataset-uuid", Image));
        _installer.Install(name, new InstallOptions(null, null, "6f1d2c3b-4a59-4e68-8777-86959a4b3c2d"));
        Assert.Equal(("6f1d2c3b-4a59-4e68-8777-86959a4b3c2d", ZoneState.Installed), (Index("web").Uuid, Index("web").State));
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("mount")]
    public void What_fails_is_undone(string operation)
    {
        var usual = _datasets.OnOperation!;
        _datasets.OnOperation = (op, name) =>
        {
            if (op == operation)
            {
                throw DatasetException.Failed(name, op, new IOException("no space"));
            }
            usual(op, name);
        };
        var error = Assert.Throws<DatasetException>(() => _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null)));
        Assert.Equal("DatasetFailed", error.Code);
        Assert.Equal(ZoneState.Configured, Index("web").State);
        Assert.False(_datasets.Exists(DatasetName.Parse("zones/web")));
        Assert.Null(_store.Load(ZoneName.Parse("web")).Attr(ZoneAttrNames.KeepIncomplete));
    }

    [Fact]
    public void Refuses_what_cannot_be()
    {
        Code("ImageNotInstalled", () => _installer.Install(ZoneName.Parse("web"), new InstallOptions("nope", null, null)));
        Code("Usage", () => _installer.Install(ZoneName.Parse("web"), new InstallOptions(null, null, null)));
        Code("WrongState", () => _installer.Uninstall(ZoneName.Parse("web")));
        Code("ZoneNotConfigured", () => _installer.Install(ZoneName.Parse("nope"), new InstallOptions(Image, null, null)));
        Configure("odd", path: Path.Combine(_folder, "zones/even"));
        Code("InvalidZonePath", () => _installer.Install(ZoneName.Parse("odd"), new InstallOptions(Image, null, null)));
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null));
        Code("WrongState", () => _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null)));
        _runtime.Boot(ZoneSpecReader.Load(_store, ZoneName.Parse("web")));
        Code("WrongState", () => _installer.Uninstall(ZoneName.Parse("web")));
        Code("WrongState", () => _installer.Detach(ZoneName.Parse("web")));
    }

    [Fact]
    public void Uninstall_destroys_the_files_and_leaves_the_configuration()
    {
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null));
        _installer.Uninstall(ZoneName.Parse("web"));
        Assert.Equal(ZoneState.Configured, Index("web").State);
        Assert.False(_datasets.Exists(DatasetName.Parse("zones/web")));
        Assert.True(_datasets.Exists(DatasetName.Parse("zones/" + Image)));
    }

    [Fact]
    public void What_is_marked_incomplete_can_only_be_uninstalled()
    {
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null));
        _installer.MarkIncomplete(ZoneName.Parse("web"));
        Assert.Equal(ZoneState.Incomplete, Index("web").State);
        Assert.NotNull(_store.Load(ZoneName.Parse("web")).Attr(ZoneAttrNames.KeepIncomplete));
        Assert.Throws<LumosException>(() => _runtime.Boot(ZoneSpecReader.Load(_store, ZoneName.Parse("web"))));
        _installer.Uninstall(ZoneName.Parse("web"));
        Assert.Equal(ZoneState.Configured, Index("web").State);
        Assert.Null(_store.Load(ZoneName.Parse("web")).Attr(ZoneAttrNames.KeepIncomplete));
    }

    [Fact]
    public void A_clone_shares_a_snapshot_that_goes_with_it()
    {
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null));
        Configure("web2");
        _installer.Clone(ZoneName.Parse("web2"), ZoneName.Parse("web"), null);
        Assert.Equal("zones/web@zoneadm-web2", _datasets.GetProperties(DatasetName.Parse("zones/web2"), "origin")["origin"]);
        Assert.Equal(Image, _store.Load(ZoneName.Parse("web2")).Attr("dataset-uuid"));
        Assert.Throws<DatasetException>(() => _installer.Uninstall(ZoneName.Parse("web")));
        _installer.Uninstall(ZoneName.Parse("web2"));
        Assert.False(_datasets.Exists(SnapshotName.Parse("zones/web@zoneadm-web2")));
        _installer.Uninstall(ZoneName.Parse("web"));

        Configure("lx", brand: ZoneBrand.Lx);
        Code("WrongState", () => _installer.Clone(ZoneName.Parse("lx"), ZoneName.Parse("web"), null));
    }

    [Fact]
    public void A_clone_of_a_named_snapshot_leaves_that_alone()
    {
        _installer.Install(ZoneName.Parse("web"), new InstallOptions(Image, null, null));
        Configure("web2");
        Code("NoSuchSnapshot", () => _installer.Clone(ZoneName.Parse("web2"), ZoneName.Parse("web"), $"zones/{Image}@final"));
        _datasets.Snapshot(SnapshotName.Parse("zones/web@mine"));
        // Of a zone that is up: its snapshot stands still, and only that of one that is down can be taken here and now.
        _runtime.Boot(ZoneSpecReader.Load(_store, ZoneName.Parse("web")));
        Code("WrongState", () => _installer.Clone(ZoneName.Parse("web2"), ZoneName.Parse("web"), null));
        _installer.Clone(ZoneName.Parse("web2"), ZoneName.Parse("web"), "zones/web@mine");
        _installer.Uninstall(ZoneName.Parse("web2"));
        Assert.True(_datasets.Exists(SnapshotName.Parse("zones/web@mine")));
    }

    [Fact]
    public void A_detached_zone_is_attached_under_a_new_configuration()
    {
        var name = ZoneName.Parse("web");
        _installer.Install(name, new InstallOptions(Image, null, null));
        _store.Save(_store.Load(name).WithAttr("hostname", "shop"));
        _installer.Detach(name);
        Assert.Equal(ZoneState.Configured, Index("web").State);
        string path = _store.Load(name).ZonePath;
        Assert.True(File.Exists(Path.Combine(path, "SUNWdetached.xml")));
        Code("DatasetExists", () => _installer.Install(name, new InstallOptions(Image, null, null)));
        _store.Remove(name);

        var session = new Lumos.Zones.Configure.ConfigSession(_layout, name, TextWriter.Null, TextWriter.Null, _ => null);
        session.Run(Lumos.Zones.Configure.ConfigParser.Parse($"create -a {path}")[0]);
        session.Finish();
        Assert.Equal("shop", _store.Load(name).Attr("hostname"));
        _installer.Attach(name, force: false);
        Assert.Equal(ZoneState.Installed, Index("web").State);
        Assert.False(File.Exists(Path.Combine(path, "SUNWdetached.xml")));

        _installer.Uninstall(name);
        Code("NoRoot", () => _installer.Attach(name, force: false));
        Code("NoRoot", () => _installer.Attach(name, force: true));
    }

    [Fact]
    public void Files_that_came_by_other_ways_are_attached_too_but_not_those_of_another_brand()
    {
        var name = ZoneName.Parse("web");
        _installer.Install(name, new InstallOptions(Image, null, null));
        _store.SetState(name, ZoneState.Configured);
        _installer.Attach(name, force: false);
        Assert.Equal(ZoneState.Installed, Index("web").State);

        _installer.Detach(name);
        _store.Save(_store.Load(name) with { Brand = ZoneBrand.Lx });
        Code("OtherBrand", () => _installer.Attach(name, force: false));
        Assert.Equal(ZoneState.Configured, Index("web").State);
    }

    [Fact]
    public void Verify_names_what_is_wrong()
    {
        var zone = _store.Load(ZoneName.Parse("web"));
        Assert.Empty(Faults(zone));
        var faults = Faults(zone with
        {
            ZonePath = "/elsewhere/web",
            BootArgs = "-q",
            Networks = [new ZoneNetwork { Physical = "net0", MacAddr = "2:8:20:1:2:3", GlobalNic = "nowhere" }],
            FileSystems = [new ZoneFileSystem { Directory = "/x", Special = "/no/such", Type = "lofs" }],
        });
        Assert.Contains(faults, f => f.Contains("is not /POOL/web", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("-q", StringComparison.Ordinal));
        faults = Faults(zone with
        {
            Networks = [new ZoneNetwork { Physical = "net0", MacAddr = "2:8:20:1:2:3", GlobalNic = "nowhere" }],
            FileSystems = [new ZoneFileSystem { Directory = "/x", Special = "/no/such", Type = "lofs" }],
        });
        Assert.Equal(["net: there is no nic tag nowhere on this machine", "fs /x: /no/such is not there"], faults);
        Assert.Contains(Faults(zone with { Brand = new ZoneBrand("solaris10") }), f => f.Contains("has brand solaris10, which this release cannot boot", StringComparison.Ordinal));
    }

    private IReadOnlyList<string> Faults(ZoneConfig zone) =>
        ZoneVerify.Faults(zone, _datasets, _folder, Lumos.Zones.Runtime.ZoneLinkNames.Live, bridge => bridge == "admin");

    private void Configure(string name, string? path = null, ZoneBrand? brand = null) => _store.Create(
        new ZoneConfig { Name = ZoneName.Parse(name), ZonePath = path ?? Path.Combine(_folder, "zones", name), Brand = brand ?? ZoneBrand.Joyent }, Uuid.New().ToString());

    private ZoneIndexEntry Index(string name) => _store.ReadIndex().Find(ZoneName.Parse(name))!;

    private static void Code(string code, Action action) => Assert.Equal(code, Assert.ThrowsAny<LumosException>(action).Code);
}
