using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Applets;
using Lumos.Zones.Config;
using Lumos.Zones.Runtime;
using Lumos.Zones.Statistics;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>The views of zones over trees of cgroups of our own.</summary>
public sealed class StatisticsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-stat-").FullName;
    private readonly ZoneLayout _layout;
    private readonly FakeZoneRuntime _runtime = new();

    public StatisticsTests() => _layout = new ZoneLayout
    {
        Configurations = At("etc"), States = At("states"), Locks = At("locks"),
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Version_2_tells_all()
    {
        Unified("web");
        var zone = Assert.Single(Reader().ReadAll());
        Assert.Equal((5, TimeSpan.FromSeconds(90), 150), (zone.ZoneId, zone.CpuTime, zone.CpuCap));
        Assert.Equal((60L << 20, 256L << 20, 10L << 20, 512L << 20), (zone.Rss, zone.MemoryCap, zone.Swap, zone.SwapCap));
        Assert.Equal((3, 2560L * Environment.SystemPageSize, 12), (zone.TimesOver, zone.PagedOut, zone.Tasks));
        Assert.Equal((300, 70), (zone.ReadBytes, zone.WrittenBytes));
        Assert.Equal(100.0 * 70 / 512, zone.SwapPercent!.Value, 3);
    }

    [Fact]
    public void Version_1_is_read_where_lumos_host_or_the_runtime_put_it()
    {
        foreach (string place in new[] { At("old"), At("cgroup") })
        {
            Up("web");
            Put(place, "memory/zones/web", ("memory.usage_in_bytes", "104857600"), ("memory.limit_in_bytes", "268435456"),
                ("memory.memsw.limit_in_bytes", "9223372036854771712"), ("memory.failcnt", "7"),
                ("memory.stat", "total_inactive_file 10485760\ntotal_active_file 31457280\ntotal_swap 0\ntotal_pgpgout 5\n"));
            Put(place, "cpuacct/zones/web", ("cpuacct.usage", "2500000000"));
            Put(place, "cpu/zones/web", ("cpu.cfs_quota_us", "50000"), ("cpu.cfs_period_us", "100000"));
            Put(place, "pids/zones/web", ("pids.current", "4"));
            Put(place, "blkio/zones/web", ("blkio.throttle.io_service_bytes_recursive", "8:0 Read 100\n8:0 Write 20\n8:16 Read 5\nTotal 125"));
            var zone = Assert.Single(Reader().ReadAll());
            Assert.Equal((60L << 20, 256L << 20, null, 7), (zone.Rss, zone.MemoryCap, zone.SwapCap, zone.TimesOver));
            Assert.Equal((TimeSpan.FromSeconds(2.5), 50, 4, 105, 20), (zone.CpuTime, zone.CpuCap, zone.Tasks, zone.ReadBytes, zone.WrittenBytes));
            Directory.Delete(place, recursive: true);
        }
    }

    [Fact]
    public void What_the_kernel_does_not_tell_is_not_made_up()
    {
        Up("bare");
        var zone = Assert.Single(Reader().ReadAll());
        Assert.Equal((null, null, null, null), (zone.CpuTime, zone.Rss, zone.Tasks, zone.ReadBytes));
        Assert.Null(ZoneRates.Between(null, zone, TimeSpan.FromSeconds(1)).CpuPercent);
        Assert.Null(Reader().Read(ZoneName.Parse("down")));
    }

    [Fact]
    public void Rates_are_between_two_looks_and_a_zone_booted_again_begins_anew()
    {
        var before = new ZoneUsage { Name = ZoneName.Parse("a"), ZoneId = 1, CpuTime = TimeSpan.FromSeconds(10), ReadBytes = 1000 };
        var after = before with { CpuTime = TimeSpan.FromSeconds(13), ReadBytes = 5000 };
        var rates = ZoneRates.Between(before, after, TimeSpan.FromSeconds(2));
        Assert.Equal((150, 2000), (rates.CpuPercent, rates.ReadPerSecond));
        var again = after with { ZoneId = 2, CpuTime = TimeSpan.FromSeconds(1), ReadBytes = 100, Uptime = TimeSpan.FromSeconds(4) };
        rates = ZoneRates.Between(after, again, TimeSpan.FromSeconds(2));
        Assert.Equal((25, 25), (rates.CpuPercent, rates.ReadPerSecond));
    }

    [Fact]
    public void Zonememstat_shows_the_columns_of_SmartOS()
    {
        Unified("web");
        new ZoneConfigStore(_layout).Create(
            new ZoneConfig { Name = ZoneName.Parse("web"), ZonePath = "/z", Brand = ZoneBrand.Lx }.WithBase64Attr("alias", "shop"), "u");
        Assert.Equal("""
                                             ZONE  RSS(MB)  CAP(MB)    NOVER  POUT(MB) SWAP%
                                           global      140        -        -         -     -
                                              web       60      256        3        10  13.7

            """, MemStat());
        Assert.Equal("                                  web         shop       60      256        3        10  13.7\n", MemStat("-aH", "-z", "web"));
        Assert.EndsWith("total      200      256        3        10     -\n", MemStat("-t"), StringComparison.Ordinal);
        Assert.Equal("", MemStat("-H", "-o", "-z", "global"));
        Assert.Equal("ZoneNotRunning", Assert.Throws<LumosException>(() => MemStat("-z", "nope")).Code);
        Assert.Throws<UsageException>(() => MemStat("-x"));
    }

    [Fact]
    public void Zonestat_counts_at_an_interval()
    {
        Unified("web");
        int looks = 0;
        string output = Stat(_ =>
        {
            looks++;
            File.WriteAllText(At("cgroup/zones/web/pids.current"), (100 + looks).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }, "-p", "-o", "zone,tasks,rss", "1", "2");
        Assert.Equal("web:101:60\nweb:102:60\n", output);
        Assert.StartsWith("ZONE                                  ZONEID   TASKS    CPU%", Stat(_ => { }), StringComparison.Ordinal);
        var json = JsonNode.Parse(Stat(_ => { }, "-j"))!;
        Assert.Equal((60L << 20, "web"), (json["zones"]![0]!["rss"]!.GetValue<long>(), json["zones"]![0]!["zonename"]!.GetValue<string>()));
        Assert.Throws<UsageException>(() => Stat(_ => { }, "0"));
        Assert.Throws<UsageException>(() => Stat(_ => { }, "-o", "colour"));
    }

    [Theory]
    [InlineData("0::/zones/web\n", "web")]
    [InlineData("0::/zones/web/svc/ssh\n", "web")]
    [InlineData("12:pids:/\n0::/lumos/host/zones/web/crun-exec\n", "web")]
    [InlineData("9:memory:/zones/web\n0::/\n", "web")]
    [InlineData("0::/zones/web/zones/shop\n", "web")]
    [InlineData("0::/zoneadm\n", null)]
    [InlineData("0::/zones/unknown\n", null)]
    [InlineData("0::/ozones/web\n", null)]
    [InlineData("", null)]
    public void A_process_is_in_the_zone_of_its_cgroup(string cgroups, string? zone) =>
        Assert.Equal(zone, ZoneOfProcess.Parse(cgroups, "/zones", name => name.Text is "web" or "shop")?.Text);

    [Fact]
    public void A_process_is_read_whatever_it_calls_itself()
    {
        const string stat = "42 (a) S 1 (\u001b) S 7 42 42 34817 42 4194560 1 2 3 4 150 50 0 0 20 0 1 0 1000 1000000 25 18446744073709551615 1";
        var boot = DateTimeOffset.UnixEpoch;
        var process = ProcessEntry.Parse(stat, "Name:\tx\nUid:\t131072\t131072\t131072\t131072\n", "/bin/x\0\u001b[2J\0", boot);
        Assert.Equal((42, 7, 131072u, "a) S 1 (?", "pts/1"), (process.Pid, process.Parent, process.User, process.Name, process.Terminal));
        Assert.Equal((TimeSpan.FromSeconds(2), boot + TimeSpan.FromSeconds(10)), (process.CpuTime, process.Start));
        Assert.Equal("/bin/x ?[2J", process.Command);
        Assert.Equal("[a) S 1 (?]", ProcessEntry.Parse(stat, "Uid:\t0\t0\t0\t0", "", boot).Command);
    }

    [Fact]
    public void Zps_shows_ourselves_in_the_global_zone()
    {
        var output = new StringWriter { NewLine = "\n" };
        var context = new AppletContext { Name = "zps", Args = ["-p", "-o", "zone,pid,ppid", "-z", "global"], Out = output };
        new ZonePs(context, _layout, ProcessEntry.ReadAll).Run();
        Assert.Contains($"global:{Environment.ProcessId}:", output.ToString(), StringComparison.Ordinal);
    }

    private UsageReader Reader() => new(_layout, _runtime, At("cgroup"), At("old"));

    private string MemStat(params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        new ZoneMemStat(new AppletContext { Name = "zonememstat", Args = words, Out = output }, _layout, Reader(),
            () => MachineMemory.Parse("MemTotal: 1048576 kB\nMemFree: 819200 kB\nCached: 40960 kB\nShmem: 16384 kB\n")).Run();
        return output.ToString();
    }

    private string Stat(Action<TimeSpan> wait, params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        new ZoneStat(new AppletContext { Name = "zonestat", Args = words, Out = output }, Reader(), wait).Run();
        return output.ToString();
    }

    private void Unified(string name)
    {
        Up(name);
        Put(At("cgroup"), "", ("cgroup.controllers", "cpu io memory pids"));
        Put(At("cgroup"), "zones/" + name, ("cpu.stat", "usage_usec 90000000\nuser_usec 1\n"), ("cpu.max", "150000 100000\n"),
            ("memory.current", (100L << 20) + "\n"), ("memory.max", (256L << 20) + "\n"), ("memory.swap.current", (10L << 20) + "\n"),
            ("memory.swap.max", (256L << 20) + "\n"), ("memory.events", "low 0\nhigh 0\nmax 3\noom 0\n"),
            ("memory.stat", $"anon 1\ninactive_file {30L << 20}\nactive_file {10L << 20}\npgsteal 2560\n"), ("pids.current", "12\n"),
            ("io.stat", "8:0 rbytes=100 wbytes=70 rios=1\n8:16 rbytes=200 wbytes=0\n"));
    }

    private void Up(string name)
    {
        _runtime.States[ZoneName.Parse(name)] = ZoneState.Running;
        Directory.CreateDirectory(_layout.States);
        new ZoneRecord { State = "running", ZoneId = 5 }.Write(_layout.StateFile(ZoneName.Parse(name)));
    }

    private static void Put(string root, string folder, params (string File, string Text)[] files)
    {
        Directory.CreateDirectory(Path.Combine(root, folder));
        foreach (var (file, text) in files)
        {
            File.WriteAllText(Path.Combine(root, folder, file), text);
        }
    }

    private string At(string path) => Path.Combine(_folder, path);
}
