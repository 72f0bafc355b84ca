using Lumos.Bench.Measures;
using Lumos.Bench.Packages;
using Lumos.Bench.Peers;
using Lumos.Bench.Report;
using Lumos.Bench.Sandboxing;
using Lumos.Core;
using Lumos.Linux.Mounts;
using Xunit;

namespace Lumos.Dev.Tests.Bench;

public class SelectionTests
{
    [Fact]
    public void An_unknown_peer_is_refused_with_the_known_ones()
    {
        var error = Assert.Throws<UsageException>(() => PeerTable.Select(["incus", "docker"]));
        Assert.Equal("there is no peer \"docker\"; known are lumos, incus, podman, lxc, nspawn, runc", error.Message);
        Assert.Equal(2, error.ExitStatus);
    }

    [Fact]
    public void An_unknown_measurement_is_refused_with_the_known_ones()
    {
        var error = Assert.Throws<UsageException>(() => MeasureTable.Select(["creat"]));
        Assert.Equal(2, error.ExitStatus);
        Assert.Contains("\"creat\"", error.Message);
        Assert.All(MeasureTable.All, measure => Assert.Contains(measure.Name, error.Message));
    }

    [Fact]
    public void Peers_keep_their_turns_and_LumOS_is_always_among_them()
    {
        Assert.Equal(["lumos", "incus", "runc"], PeerTable.Select(["runc", "incus"]));
        Assert.Equal(PeerTable.Names, PeerTable.Select([]));
        Assert.All(PeerTable.Names, name => Assert.Equal(name, PeerTable.Make(name).Name));
    }

    [Fact]
    public void Every_measure_is_taken_by_one_scenario() =>
        Assert.Equal(MeasureTable.All.Select(measure => measure.Name).Order(), MeasureTable.Scenarios.SelectMany(scenario => scenario.Measures).Order());

    [Fact]
    public void What_a_peer_does_not_offer_is_a_measure()
    {
        var names = MeasureTable.All.Select(measure => measure.Name).ToHashSet();
        Assert.All(PeerTable.Names.Select(PeerTable.Make), peer => Assert.Subset(names, peer.NotOffered.Keys.ToHashSet()));
        Assert.All(PeerTable.Names.Select(PeerTable.Make).Where(peer => peer is not ICrowd), peer =>
            Assert.Superset(new HashSet<string> { "list-crowd", "daemon-crowd" }, peer.NotOffered.Keys.ToHashSet()));
    }

    [Fact]
    public void Backports_come_from_the_mirror_of_the_release()
    {
        const string Targets = """
            Packages|Debian|bookworm-security|main|http://security.example/
            Translations|Debian|bookworm|main|http://wrong.example/
            Packages|Other|bookworm|main|http://other.example/
            Packages|Debian|bookworm|main|http://mirror.example/debian/
            """;
        Assert.Equal("http://mirror.example/debian/", Backports.Mirror(Targets, "bookworm"));
        Assert.Null(Backports.Mirror(Targets, "trixie"));
        Assert.Equal("trixie", Backports.ReleaseName(["NAME=\"Debian\"", "VERSION_CODENAME=trixie"]));
        Assert.Throws<LumosException>(() => Backports.ReleaseName(["NAME=\"Other\""]));
    }

    [Fact]
    public void The_newest_whole_run_is_reported_before_any_quick_one()
    {
        Assert.Equal("/r/20261120T120000Z-b.json", ReportWriter.Order(["/r/20261121T120000Z-c-quick.json", "/r/20261120T120000Z-b.json", "/r/20261119T120000Z-a.json"]).First());
        Assert.Equal("/r/20261121T120000Z-c-quick.json", ReportWriter.Order(["/r/20261121T120000Z-c-quick.json", "/r/20261119T120000Z-a-quick.json"]).First());
        Assert.Null(ReportWriter.Whole([]));
    }

    [Theory]
    [InlineData("0", new[] { 0 })]
    [InlineData("0-2,5,8-9", new[] { 0, 1, 2, 5, 8, 9 })]
    public void Processors_are_listed_as_the_kernel_does(string text, int[] expected) => Assert.Equal(expected, EarliestCpu.Expand(text));

    [Fact]
    public void Hierarchies_are_those_that_can_be_seen()
    {
        var mounts = MountTable.Parse("""
            30 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
            31 30 0:27 /.. /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
            32 30 0:28 /.. /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
            33 30 0:29 /.. /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
            34 1 0:29 /part /run/somewhere/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate
            41 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
            """);
        Assert.Equal(
            [new Hierarchy("/sys/fs/cgroup/cpu", false, "cpu,cpuacct"), new Hierarchy("/sys/fs/cgroup/systemd", false, "name=systemd"), new Hierarchy("/sys/fs/cgroup/unified", true, "")],
            ControlGroups.Hierarchies(mounts));
    }
}
