using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>A zone of each brand, as its user meets it.</summary>
[Collection("03 zones")]
public sealed class ZoneTests(Suite suite) : LiveTest(suite)
{
    private const int FirstZoneId = 65536;

    [Theory]
    [InlineData("joyent", "native")]
    [InlineData("lx", "debian")]
    public void Create_leaves_it_running_and_listed(string brand, string alias)
    {
        var uuid = Suite.ZoneOf(brand);
        Assert.Equal("running", Ok(Zone.Run("vmadm", "list", "-H", "-p", "-o", "state", $"uuid={uuid}")));
        var record = Zone.Get(uuid);
        Assert.NotNull(record);
        Assert.Equal((brand, alias), ((string?)record["brand"], (string?)record["alias"]));
        Assert.Equal($"/zones/{uuid}", (string?)record["zonepath"]);
        Assert.Equal(uuid.ToString(), Ok(Zone.Run("vmadm", "lookup", "-1", $"alias={alias}")));
        Assert.Contains($":{uuid}:running:", Ok(Zone.Run("zoneadm", "list", "-p")));
        AssertConsistent();
    }

    [Theory]
    [InlineData("joyent")]
    [InlineData("lx")]
    public void Zlogin_passes_words_streams_and_statuses(string brand)
    {
        var uuid = Suite.ZoneOf(brand);
        Fails(7, Zone.Zlogin(uuid, "sh", "-c", "exit 7"));
        Assert.Equal("root", Ok(Zone.Zlogin(uuid, "id", "-un")));
        Assert.Equal("through", Ok(Zone.RunWith("through", "zlogin", uuid.ToString(), "cat")));
        Fails(1, Zone.Run("zlogin", Guid.NewGuid().ToString(), "true"));
    }

    [Fact]
    public void An_lx_zone_is_told_the_kernel_of_its_payload()
    {
        const string Release = "6.12.0"; // Payloads.Lx
        Assert.Equal($"Linux {Release} BrandZ virtual linux", Ok(Zone.Zlogin(Suite.LxZone, "uname", "-srv")));
        Assert.Equal(Release, Ok(Zone.Zlogin(Suite.LxZone, "cat", "/proc/sys/kernel/osrelease")));
        Assert.Contains(Release, Ok(Zone.Zlogin(Suite.LxZone, "cat", "/proc/version")));
        string ours = Ok(Zone.Run("uname", "-rv"));
        Assert.DoesNotContain("BrandZ", ours);
        Assert.Equal(ours, Ok(Zone.Zlogin(Suite.NativeZone, "uname", "-rv")));
    }

    [Theory]
    [InlineData("joyent")]
    [InlineData("lx")]
    public void It_reaches_the_gateway(string brand) => Ok(Zone.Zlogin(Suite.ZoneOf(brand), "ping", "-c", "1", "-W", "10", "10.0.2.2"));

    [Theory]
    [InlineData("joyent", "native")]
    [InlineData("lx", "debian")]
    public void It_has_the_name_of_its_payload(string brand, string hostname) => Assert.Equal(hostname, Ok(Zone.Zlogin(Suite.ZoneOf(brand), "hostname")));

    [Theory]
    [InlineData("joyent")]
    [InlineData("lx")]
    public void Its_root_is_nobody_outside(string brand)
    {
        string[] map = Ok(Zone.Zlogin(Suite.ZoneOf(brand), "cat", "/proc/self/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("0", map[0]);
        Assert.InRange(long.Parse(map[1], CultureInfo.InvariantCulture), FirstZoneId, uint.MaxValue);
        Assert.Equal("65536", map[2]);
    }

    [Fact]
    public void Zones_have_ranges_of_user_ids_apart() =>
        Assert.NotEqual(Ok(Zone.Zlogin(Suite.NativeZone, "cat", "/proc/self/uid_map")), Ok(Zone.Zlogin(Suite.LxZone, "cat", "/proc/self/uid_map")));

    [Fact]
    public void A_native_zone_runs_SMF_on_the_platforms_usr()
    {
        Zone.WaitFor("services of the zone", Suite.Patient(30), () => Zone.Zlogin(Suite.NativeZone, "svcs", "-H", "-o", "state", "milestone/multi-user").Output.Trim() == "online");
        Assert.Equal("", Ok(Zone.Zlogin(Suite.NativeZone, "svcs", "-x")));
        Assert.Equal(Suite.NativeZone.ToString(), Ok(Zone.Zlogin(Suite.NativeZone, "zonename")));
        Assert.Contains("Read-only", Fails(1, Zone.Zlogin(Suite.NativeZone, "touch", "/usr/x")));
    }

    [Fact]
    public void An_lx_zone_runs_its_own_systemd()
    {
        Assert.Equal("systemd", Ok(Zone.Zlogin(Suite.LxZone, "cat", "/proc/1/comm")));
        Zone.WaitFor("multi-user.target", Suite.Patient(30), () => Zone.Zlogin(Suite.LxZone, "systemctl", "is-active", "multi-user.target").Output.Trim() == "active");
        Assert.Contains("VERSION_ID=\"13\"", Ok(Zone.Zlogin(Suite.LxZone, "cat", "/etc/os-release")));
    }

    [Fact]
    public void A_zone_does_not_see_the_processes_of_others()
    {
        int seen = int.Parse(Ok(Zone.Zlogin(Suite.NativeZone, "sh", "-c", "ls -d /proc/[0-9]* | wc -l")), CultureInfo.InvariantCulture);
        int all = int.Parse(Ok(Zone.Shell("ls -d /proc/[0-9]* | wc -l")), CultureInfo.InvariantCulture);
        Assert.InRange(seen, 1, all / 2);
    }

    [Theory]
    [InlineData("joyent", "mdata")]
    [InlineData("lx", "/native/usr/sbin/mdata")]
    public void It_reads_and_writes_its_metadata(string brand, string mdata)
    {
        var uuid = Suite.ZoneOf(brand);
        Assert.Equal(uuid.ToString(), Ok(Zone.Zlogin(uuid, $"{mdata}-get", "sdc:uuid")));
        Ok(Zone.Zlogin(uuid, $"{mdata}-put", "from-inside", "x"));
        Assert.Equal("x", (string?)Zone.Get(uuid)!["customer_metadata"]!["from-inside"]);
        Assert.Contains("from-inside", Ok(Zone.Zlogin(uuid, $"{mdata}-list")));
        Ok(Zone.Zlogin(uuid, $"{mdata}-delete", "from-inside"));
        Fails(1, Zone.Zlogin(uuid, $"{mdata}-get", "from-inside"));
        Fails(2, Zone.Zlogin(uuid, $"{mdata}-put", "sdc:alias", "x"));
    }

    [Fact]
    public void Zones_are_served_by_the_agent_that_follows_a_killed_one()
    {
        Ok(Zone.Shell("pkill -9 -x metadata"));
        Assert.Equal(Suite.NativeZone.ToString(), Ok(Zone.Zlogin(Suite.NativeZone, "mdata-get", "sdc:uuid")));
    }

    [Fact]
    public void Tags_and_metadata_are_kept()
    {
        var uuid = Suite.NativeZone;
        Ok(Zone.RunWith("""{"set_tags":{"role":"test"},"set_customer_metadata":{"k":"v"}}""", "vmadm", "update", uuid.ToString()));
        var record = Zone.Get(uuid)!;
        Assert.Equal("test", (string?)record["tags"]!["role"]);
        Assert.Equal("v", (string?)record["customer_metadata"]!["k"]);
        Assert.Equal(uuid.ToString(), Ok(Zone.Run("vmadm", "lookup", "tags.role=test")));
    }
}
