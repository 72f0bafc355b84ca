using System.Collections.Immutable;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Zones.Applets;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests.Configure;

/// <summary>zonecfg as it is called: scripts, the command line, a terminal.</summary>
public sealed class ConfigSessionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zonecfg-").FullName;
    private readonly ZoneLayout _layout;
    private readonly ZoneConfigStore _store;

    public ConfigSessionTests()
    {
        _layout = new ZoneLayout { Configurations = Path.Combine(_folder, "etc"), Locks = Path.Combine(_folder, "locks") };
        _store = new ZoneConfigStore(_layout);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string Web = """
        create
        set zonepath=/zones/web
        set brand=lx
        set autoboot=true
        set cpu-shares=5
        add capped-memory
        set physical=50m
        set swap=100m
        end
        add capped-cpu
        set ncpus=1.25
        end
        add fs
        set dir=/usr/local
        set special=/opt/local
        set type=lofs
        add options [ro,nodevices]
        end
        add net
        set physical=net0
        set mac-addr=2:8:20:a:b:c
        set global-nic=admin
        add property (name=ips,value="10.0.0.5/24,dhcp")
        add property (name=primary,value="true")
        end
        add rctl
        set name=zone.max-lwps
        add value (priv=privileged,limit=300,action=deny)
        end
        add attr
        set name=hostname
        set type=string
        set value=web1
        end

        """;

    [Fact]
    public void A_script_makes_a_zone()
    {
        var (status, _, error) = Script("web", Web);
        Assert.Equal((0, ""), (status, error));
        var zone = _store.Load(ZoneName.Parse("web"));
        Assert.Equal(("/zones/web", "lx", true), (zone.ZonePath, zone.Brand.Name, zone.Autoboot));
        Assert.Equal(5, zone.Rctl("zone.cpu-shares"));
        Assert.Equal(50L << 20, zone.Rctl("zone.max-physical-memory"));
        Assert.Equal(100L << 20, zone.Rctl("zone.max-swap"));
        Assert.Equal(125, zone.Rctl("zone.cpu-cap"));
        Assert.Equal(300, zone.Rctl("zone.max-lwps"));
        Assert.Equal(["ro", "nodevices"], zone.FileSystems[0].Options);
        Assert.Equal("10.0.0.5/24,dhcp", zone.Networks[0].NetAttr("ips"));
        Assert.Equal("web1", zone.Attr("hostname"));
        var entry = _store.ReadIndex().Find(zone.Name)!;
        Assert.Equal((ZoneState.Configured, "/zones/web"), (entry.State, entry.Path));
        Assert.True(Uuid.IsValid(entry.Uuid));
        Assert.Equal(1, zone.ZoneDid);
        Assert.Equal("web1", ZoneSpecReader.Load(_store, zone.Name).Hostname);
    }

    [Fact]
    public void Info_shows_all_of_it()
    {
        Script("web", Web + "set uuid=6f1d2c3b-4a59-4e68-8777-86959a4b3c2d\n");
        Assert.Equal("""
            zonename: web
            zonepath: /zones/web
            brand: lx
            autoboot: true
            bootargs:
            pool:
            limitpriv:
            scheduling-class:
            ip-type: exclusive
            hostid:
            fs-allowed:
            uuid: 6f1d2c3b-4a59-4e68-8777-86959a4b3c2d
            [max-lwps: 300]
            [cpu-shares: 5]
            fs:
            	dir: /usr/local
            	special: /opt/local
            	raw not specified
            	type: lofs
            	options: [ro,nodevices]
            net:
            	address not specified
            	allowed-address not specified
            	defrouter not specified
            	global-nic: admin
            	mac-addr: 2:8:20:a:b:c
            	physical: net0
            	vlan-id not specified
            	property: (name=ips,value="10.0.0.5/24,dhcp")
            	property: (name=primary,value="true")
            capped-cpu:
            	[ncpus: 1.25]
            capped-memory:
            	[physical: 50M]
            	[swap: 100M]
            attr:
            	name: hostname
            	type: string
            	value: web1
            rctl:
            	name: zone.cpu-shares
            	value: (priv=privileged,limit=5,action=none)
            rctl:
            	name: zone.max-physical-memory
            	value: (priv=privileged,limit=52428800,action=deny)
            rctl:
            	name: zone.max-swap
            	value: (priv=privileged,limit=104857600,action=deny)
            rctl:
            	name: zone.cpu-cap
            	value: (priv=privileged,limit=125,action=deny)
            rctl:
            	name: zone.max-lwps
            	value: (priv=privileged,limit=300,action=deny)

            """, Line("web", "info").Out);
        Assert.Equal("brand: lx\n", Line("web", "info", "brand").Out);
        Assert.Equal("No such net resource.\n", Line("web", "info net physical=net9").Out);
        Assert.StartsWith("net:\n", Line("web", "info net physical=net0").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("joyent")]
    [InlineData("lx")]
    [InlineData("kvm")]
    [InlineData("bhyve")]
    public void What_is_exported_makes_the_same_configuration(string brand)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Zones", brand + ".xml");
        var zone = ZoneConfigXml.Read(File.ReadAllText(file), file);
        // These have no words in the language.
        zone = zone with
        {
            OtherElements = [], ElementExtras = zone.ElementExtras.Clear(),
            OtherAttributes = [.. zone.OtherAttributes.Where(a => a.Value.Length > 0 && a.Key != "version").OrderBy(a => a.Key, StringComparer.Ordinal)],
            Devices = [.. zone.Devices.Select(d => d with { Extras = ZoneExtras.None })],
        };
        SameAfterExport(zone with { PhysicalCap = null });
    }

    [Fact]
    public void What_is_exported_of_any_zone_makes_the_same_configuration()
    {
        var random = new Random(20261130);
        for (int i = 0; i < 150; i++)
        {
            SameAfterExport(RandomZones.Make(random));
        }
    }

    private void SameAfterExport(ZoneConfig zone)
    {
        var saved = _store.Create(zone with { ZoneDid = null }, Uuid.New().ToString());
        string script = Line(saved.Name.Text, "export").Out;
        _store.Remove(saved.Name);
        var (status, _, error) = Script(saved.Name.Text, script);
        Assert.True(status == 0 && !error.Contains("On line", StringComparison.Ordinal), error + script);
        var again = _store.Load(saved.Name);
        Assert.Equal(Text(saved), Text(again));
        _store.Remove(saved.Name);

        static string Text(ZoneConfig z) => ZoneConfigXml.Write(z with { ZoneDid = null });
    }

    [Fact]
    public void A_script_that_fails_saves_nothing_and_tells_the_line()
    {
        var (status, _, error) = Script("web", Web + "set cpu-shares=many\nset autoboot=false\n");
        Assert.Equal(1, status);
        Assert.Equal("On line 35 of FILE:\ncpu-shares \"many\" is not a number\n", error.Replace(Path.Combine(_folder, "script"), "FILE", StringComparison.Ordinal));
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("web")));
        Assert.Equal(1, Script("web", Web + "add net\nset physical=net1\n").Status);
        Assert.Equal(1, Script("web", Web + "set autoboot\n").Status);
        Assert.Equal(1, Script("web", Web + "fly\n").Status);
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("web")));
    }

    [Fact]
    public void What_was_committed_before_a_failure_stays()
    {
        Assert.Equal(1, Script("web", Web + "commit\nset autoboot=false\nset brand=mars\n").Status);
        Assert.True(_store.Load(ZoneName.Parse("web")).Autoboot);
        Assert.Equal(1, Script("web", "set autoboot=false\ncommit\nset autoboot=true\nset brand=mars\n").Status);
        Assert.False(_store.Load(ZoneName.Parse("web")).Autoboot);
    }

    [Fact]
    public void The_command_line_takes_subcommands_with_semicolons()
    {
        Script("web", Web);
        Assert.Equal((0, "", ""), Line("web", "select net physical=net0; set vlan-id=5; end; set bootargs=\"-m verbose\""));
        var zone = _store.Load(ZoneName.Parse("web"));
        Assert.Equal(("5", "-m verbose"), (zone.Networks[0].VlanId, zone.BootArgs));
        Assert.Equal(0, Line("web", "remove", "net", "physical=net0;", "clear", "bootargs").Status);
        zone = _store.Load(ZoneName.Parse("web"));
        Assert.Empty(zone.Networks);
        Assert.Null(zone.BootArgs);
        Assert.Equal(0, Line("web", "remove capped-memory").Status);
        Assert.Null(_store.Load(ZoneName.Parse("web")).Rctl("zone.max-swap"));
    }

    [Theory]
    [InlineData("set zonepath=zones", "not an absolute path")]
    [InlineData("set zonepath=/", "/ is not allowed")]
    [InlineData("set brand=mars", "no brand \"mars\"")]
    [InlineData("set autoboot=yes", "true or false")]
    [InlineData("set ip-type=shared", "network stack of its own")]
    [InlineData("clear zonepath", "cannot be cleared")]
    [InlineData("set net=1", "is a resource")]
    [InlineData("set colour=red", "no such global property")]
    [InlineData("add dedicated-cpu", "capped-cpu bounds a zone")]
    [InlineData("add disk", "no such resource")]
    [InlineData("add capped-cpu", "already exists")]
    [InlineData("add net; set physical=net0; end", "A net resource with the physical 'net0' already exists")]
    [InlineData("add net; end", "physical not specified")]
    [InlineData("add rctl; set name=zone.x; end", "value not specified")]
    [InlineData("add rctl; set name=zone.x; add value (priv=a,limit=b,action=c); end", "limit \"b\" is not a number")]
    [InlineData("add rctl; set name=zone.x; add value 3", "(priv=…,limit=…,action=…)")]
    [InlineData("add attr; set name=a; set type=int; set value=x; end", "\"x\" is not an int")]
    [InlineData("add attr; set type=float", "is not int, uint, boolean or string")]
    [InlineData("add attr; set name=zone.x", "cannot be the name of an attr")]
    [InlineData("select net physical=net0; set mac-addr=1:2", "is not a MAC address")]
    [InlineData("select net physical=net0; set colour=red", "no such property of net")]
    [InlineData("select net physical=net0; clear physical", "is required")]
    [InlineData("select net physical=net0; set property=1", "is a list")]
    [InlineData("select net physical=net0; add mac-addr 1", "is not a list")]
    [InlineData("select net physical=net0; add property (name=ips,value=x)", "has this value already")]
    [InlineData("select net physical=net0; remove property (name=x,value=y)", "no such value")]
    [InlineData("select net physical=net9", "No such net resource")]
    [InlineData("select rctl", "resources match")]
    [InlineData("remove attr name=x", "No such attr resource")]
    [InlineData("remove rctl", "-F not specified")]
    [InlineData("select capped-memory; set locked=1g; end", "must be less than or equal")]
    [InlineData("select capped-memory; set swap=much", "scale suffix")]
    [InlineData("end", "only makes sense in the resource scope")]
    [InlineData("add net; select net", "only makes sense in the global scope")]
    [InlineData("add net; commit", "only makes sense in the global scope")]
    [InlineData("add net; exit", "Resource incomplete")]
    [InlineData("add net", "Resource incomplete")]
    [InlineData("revert", "No changes to revert")]
    [InlineData("delete", "-F not specified")]
    [InlineData("create", "-F not specified")]
    [InlineData("create -b -t x", "usage: create")]
    [InlineData("create -z", "usage: create")]
    [InlineData("commit now", "usage: commit")]
    [InlineData("help flying", "Unknown help subject")]
    [InlineData("set zonename=../x", "is not a valid zone name")]
    [InlineData("set uuid=5", "is not a UUID")]
    public void Refuses_with_a_sentence(string commands, string sentence)
    {
        Script("web", Web);
        string before = File.ReadAllText(_layout.ConfigFile(ZoneName.Parse("web")));
        var (status, _, error) = Line("web", commands);
        Assert.Equal(1, status);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(_layout.ConfigFile(ZoneName.Parse("web"))));
    }

    [Fact]
    public void What_does_nothing_here_is_kept_and_said()
    {
        Script("web", Web);
        var (status, _, error) = Line("web", "set pool=fast");
        Assert.Equal((0, true), (status, error.StartsWith("note: pool is kept and has no effect", StringComparison.Ordinal)));
        Assert.Contains("pool=\"fast\"", File.ReadAllText(_layout.ConfigFile(ZoneName.Parse("web"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Revert_cancel_and_remove_with_force()
    {
        Script("web", Web);
        Assert.Equal(0, Script("web", "set autoboot=false\nrevert -F\nadd net\nset physical=x\ncancel\nremove -F rctl\nremove -F net physical=nope\n").Status);
        var zone = _store.Load(ZoneName.Parse("web"));
        Assert.True(zone.Autoboot);
        Assert.Single(zone.Networks);
        Assert.Empty(zone.Rctls);
    }

    [Fact]
    public void A_zone_made_like_another_is_itself()
    {
        Script("web", Web);
        Assert.Equal(0, Script("web2", "create -t web\nset zonepath=/zones/web2\n").Status);
        var copy = _store.Load(ZoneName.Parse("web2"));
        Assert.Equal((2, "web1"), (copy.ZoneDid, copy.Attr("hostname")));
        Assert.NotEqual(Index("web").Uuid, Index("web2").Uuid);
        Assert.Contains("is not configured", Script("web3", "create -t nope\n").Error, StringComparison.Ordinal);
        Assert.Contains("is that of zone 'web'", Line("web2", $"set uuid={Index("web").Uuid}").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configured_zone_can_be_renamed_overwritten_and_deleted()
    {
        Script("web", Web);
        string uuid = Index("web").Uuid;
        Assert.Equal(0, Line("web", "set zonename=shop; set zonepath=/zones/shop").Status);
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("web")));
        Assert.False(File.Exists(_layout.ConfigFile(ZoneName.Parse("web"))));
        Assert.Equal((uuid, "/zones/shop"), (Index("shop").Uuid, Index("shop").Path));
        Assert.Equal(1, _store.Load(ZoneName.Parse("shop")).ZoneDid);
        Assert.Equal(0, Line("shop", "create -F -b; set zonepath=/zones/shop").Status);
        Assert.Equal((1, uuid), (_store.Load(ZoneName.Parse("shop")).ZoneDid, Index("shop").Uuid));
        Assert.Equal(0, Line("shop", "delete -F").Status);
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("shop")));
        Assert.Equal(1, Line("shop", "delete -F").Status);
    }

    [Fact]
    public void An_installed_zone_keeps_its_name_path_brand_and_uuid()
    {
        Script("web", Web);
        _store.SetState(ZoneName.Parse("web"), ZoneState.Installed);
        foreach (string command in new[] { "set zonename=x", "set zonepath=/zones/x", "set brand=joyent", "set uuid=6f1d2c3b-4a59-4e68-8777-86959a4b3c2d", "delete -F", "create -F" })
        {
            Assert.Contains("install", Line("web", command).Error, StringComparison.Ordinal);
        }
        Assert.Equal(0, Line("web", "set autoboot=false; set zonepath=/zones/web").Status);
        Assert.False(_store.Load(ZoneName.Parse("web")).Autoboot);
        Assert.Equal(ZoneState.Installed, Index("web").State);
    }

    [Fact]
    public void A_change_by_another_meanwhile_is_not_overwritten()
    {
        Script("web", Web);
        var output = new StringWriter();
        var session = new Lumos.Zones.Configure.ConfigSession(_layout, ZoneName.Parse("web"), output, output, _ => null);
        session.Run(Lumos.Zones.Configure.ConfigParser.Parse("set autoboot=false")[0]);
        _store.Save(_store.Load(ZoneName.Parse("web")).WithAttr("alias", "x"));
        Assert.Equal("ConfigurationChanged", Assert.Throws<LumosException>(session.Finish).Code);
        Assert.Equal("x", _store.Load(ZoneName.Parse("web")).Attr("alias"));
    }

    [Fact]
    public async Task A_commit_waits_for_who_holds_the_VM()
    {
        Script("web", Web);
        Task<(int, string, string)> commit;
        using (FileLock.Acquire(_layout.VmLock(Index("web").Uuid)))
        {
            commit = Task.Run(() => Line("web", "set autoboot=false"), TestContext.Current.CancellationToken);
            Assert.NotSame(commit, await Task.WhenAny(commit, Task.Delay(300, TestContext.Current.CancellationToken)));
            Assert.True(_store.Load(ZoneName.Parse("web")).Autoboot);
        }
        Assert.Equal(0, (await commit).Item1);
        Assert.False(_store.Load(ZoneName.Parse("web")).Autoboot);
    }

    [Fact]
    public void A_terminal_is_prompted_told_and_asked()
    {
        var (status, output, error) = Type("web", "set autoboot=true\ncreate\nset zonepath=/zones/web\nadd net\nset physical=net0\nset colour=1\nend\nremove net\nexit\n");
        Assert.Equal(0, status);
        Assert.StartsWith("web: No such zone configured\nUse 'create' to begin configuring a new zone.\nzonecfg:web> ", output, StringComparison.Ordinal);
        Assert.Contains("zonecfg:web:net> ", output, StringComparison.Ordinal);
        Assert.Contains("No such zone configured", error, StringComparison.Ordinal);
        Assert.Contains("colour: no such property", error, StringComparison.Ordinal);
        Assert.Equal(ZoneState.Configured, Index("web").State);

        (status, output, _) = Type("web", "delete\nn\ndelete\ny\nexit\n");
        Assert.Equal(0, status);
        Assert.Contains("Are you sure you want to delete zone web (y/[n])? ", output, StringComparison.Ordinal);
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("web")));
    }

    [Fact]
    public void Who_leaves_what_cannot_be_saved_is_asked()
    {
        var (status, output, error) = Type("web", "create\nexit\nn\nset zonepath=/zones/web\nexit\n");
        Assert.Equal(0, status);
        Assert.Contains("zonepath not specified", error, StringComparison.Ordinal);
        Assert.Contains("Configuration not saved; really quit (y/[n])? ", output, StringComparison.Ordinal);
        Assert.Equal("/zones/web", Index("web").Path);
        Assert.Equal(1, Type("other", "create\nexit\ny\n").Status);
        Assert.Null(_store.ReadIndex().Find(ZoneName.Parse("other")));
    }

    [Fact]
    public void An_abandoned_zone_file_is_taken_up()
    {
        Directory.CreateDirectory(_layout.Configurations);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Zones", "lx.xml"), _layout.ConfigFile(ZoneName.Parse("90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3")));
        Assert.Equal((0, "", ""), Line("90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3", "create -X; set uuid=90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3"));
        Assert.Equal("4.4", _store.Load(ZoneName.Parse("90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3")).Attr("kernel-version"));
        Assert.Equal("90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3", Index("90b1d2c3-0e4f-4a5b-8c6d-7e8f90a1b2c3").Uuid);
    }

    [Fact]
    public void Usage_and_help()
    {
        Assert.Contains("usage: zonecfg", Run("", "help").Out, StringComparison.Ordinal);
        Assert.Contains("select RESOURCE", Line("web", "help").Out, StringComparison.Ordinal);
        Assert.Contains("fs: dir, special, [raw], type, options (list)", Line("web", "help syntax").Out, StringComparison.Ordinal);
        Assert.Contains("usage: set PROPERTY=VALUE", Line("web", "help set").Out, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Throws<UsageException>(() => Run("", "info")).ExitStatus);
        Assert.Equal(1, Assert.Throws<LumosException>(() => Run("", "-z", "global", "info")).ExitStatus);
        Assert.Equal(1, Script("web", null).Status);
    }

    private ZoneIndexEntry Index(string name) => _store.ReadIndex().Find(ZoneName.Parse(name))!;

    private (int Status, string Out, string Error) Script(string zone, string? text)
    {
        string file = Path.Combine(_folder, "script");
        File.WriteAllText(file, text ?? "verify");
        return Run("", "-z", zone, "-f", file);
    }

    private (int Status, string Out, string Error) Line(string zone, params string[] words) => Run("", ["-z", zone, .. words]);

    private (int Status, string Out, string Error) Type(string zone, string text) => Run(text, "-z", zone);

    private (int Status, string Out, string Error) Run(string input, params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        int status = new ZoneCfg(new AppletContext
        {
            Name = "zonecfg", Args = words, In = new StringReader(input), Out = output, Error = error, InputIsTerminal = () => input.Length > 0,
        }, _layout).Run();
        return (status, output.ToString(), error.ToString());
    }
}
