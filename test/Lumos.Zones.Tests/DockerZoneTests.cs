using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Bundle;
using Lumos.Zones.Config;
using Lumos.Zones.Docker;
using Xunit;

namespace Lumos.Zones.Tests;

public class DockerZoneTests
{
    private const string Passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\nbad:x:99999:0::/:/bin/sh\n",
        Group = "root:x:0:\napp:x:1000:\nextra:x:2000:app,other\nwheel:x:10:root\n";

    private static readonly ZoneName Zone = ZoneName.Parse("web");

    [Theory]
    [InlineData("", 0, 0, "/root", new[] { 10 })]
    [InlineData("app", 1000, 1000, "/home/app", new[] { 2000 })]
    [InlineData("1000", 1000, 1000, "/home/app", new[] { 2000 })]
    [InlineData("app:wheel", 1000, 10, "/home/app", new int[0])]
    [InlineData("app:7", 1000, 7, "/home/app", new int[0])]
    [InlineData("4242", 4242, 0, "/", new int[0])]
    [InlineData("4242:4243", 4242, 4243, "/", new int[0])]
    public void A_user_is_looked_up_in_the_zones_own_files(string text, int uid, int gid, string home, int[] others)
    {
        var user = DockerProcess.FindUser(Zone, text, Passwd, Group);
        Assert.Equal((uid, gid, home), (user.Uid, user.Gid, user.Home));
        Assert.Equal(others, user.OtherGids);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("app:nobody")]
    [InlineData("bad")] // an id beyond the zone's range
    [InlineData("99999")]
    [InlineData("a:b:c")]
    public void A_user_that_is_not_there_keeps_the_zone_from_booting(string text) =>
        Assert.Equal("ZoneCannotBoot", Assert.Throws<LumosException>(() => DockerProcess.FindUser(Zone, text, Passwd, Group)).Code);

    [Fact]
    public void Keys_are_read_in_SmartOSs_form_and_as_lists()
    {
        var docker = Read("""
            {"docker:entrypoint": "[\"/bin/a\"]", "docker:cmd": ["b", "c d"], "docker:env": "[\"A=1=2\"]", "docker:linkEnv": "[\"L=1\",\"A=0\"]", "docker:workdir": "srv",
             "docker:tty": "true", "docker:attach_stdin": "false", "docker:open_stdin": true, "docker:stopsignal": "SIGRTMIN+3", "docker:extraHosts": "[\"db:10.0.0.1\",\"six:fd00::1\"]",
             "docker:restartpolicy": "on-failure:4", "docker:dnssearch": "[\"a.example\"]", "docker:volumes": "[\"/v//w/\",\"relative\",\"/relative\"]", "docker:unknown": {"x": 1}}
            """);
        Assert.Equal(["/bin/a", "b", "c d"], docker.Argv);
        Assert.Equal(["L=1", "A=0", "A=1=2"], docker.Env);
        Assert.Equal(("/srv", true, true, Linux.Signals.Signal.RTMIN + 3), (docker.WorkingDirectory, docker.Tty, docker.OpenStdin, docker.StopSignal));
        Assert.Equal([("10.0.0.1", "db"), ("fd00::1", "six")], docker.ExtraHosts);
        Assert.Equal((new DockerRestart(false, 4), "gt-"), (docker.Restart, docker.LogMode));
        Assert.Equal(["/v/w", "/relative"], docker.Volumes);
    }

    [Theory]
    [InlineData("/", "absolute path below /")]
    [InlineData("/a/../b", "without . and ..")]
    [InlineData("/dev/x", "/dev is the zone's own")]
    public void A_volume_is_a_place_of_the_zones_own(string path, string says)
    {
        var faults = new List<string>();
        var docker = DockerZoneReader.Read(new JsonObject { ["docker:volumes"] = new JsonArray(path, "/" + new string('x', 255), "/" + new string('x', 256)) }, (key, why) => faults.Add($"{key} {why}"));
        Assert.Equal(["/" + new string('x', 255)], docker.Volumes);
        Assert.Contains(says, faults[0]);
        Assert.Contains("longer than the name", faults[1]);
    }

    [Theory]
    [InlineData("/data", "data")]
    [InlineData("/var/lib/a%2F", "var%2Flib%2Fa%252F")]
    [InlineData("/.new", "%2Enew")]
    public void A_volumes_entry_is_its_path_and_no_other_ones(string path, string entry) =>
        Assert.Equal(entry, System.Text.Encoding.UTF8.GetString(DockerVolumes.EntryOf(path)));

    [Fact]
    public void The_last_value_of_a_variable_counts_and_docker_gives_some()
    {
        var spec = Spec(new DockerZone { Argv = ["/x"], Env = ["A=1", "PATH=/mine", "A=2", "HOME=/elsewhere"], Process = new DockerUser(5, 5, [], "/home/five"), Tty = true });
        Assert.Equal(["PATH=/mine", "HOSTNAME=box", "HOME=/elsewhere", "container=lumos", "TERM=xterm", "A=2"], DockerProcess.Environment(spec, spec.Docker!));
    }

    [Fact]
    public void Hosts_and_resolvers_are_written_as_docker_writes_them()
    {
        var spec = Spec(new DockerZone { ExtraHosts = [("10.1.1.1", "db")], DnsSearch = ["b.example"], LinkHosts = "10.2.2.2\tlink\n" }) with
        {
            Nics = [new ZoneNic { Interface = "eth0", Mac = "02:00:00:00:00:01", NicTag = "admin", Primary = true, Ips = ["10.0.0.5/24", "addrconf"] }],
            DnsDomain = "a.example", Resolvers = ["9.9.9.9"],
        };
        Assert.Equal("10.0.0.5\tbox.a.example box\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.1.1.1\tdb\n10.2.2.2\tlink\n", DockerFiles.Hosts(spec, spec.Docker!));
        Assert.Equal("search b.example a.example\nnameserver 9.9.9.9\n", DockerFiles.ResolvConf(spec, spec.Docker!));
    }

    [Fact]
    public void The_bundle_runs_the_program_as_its_user_without_tmpfs_over_the_images_files()
    {
        var spec = Spec(new DockerZone { Argv = ["/x", "y"], WorkingDirectory = "/srv", Process = new DockerUser(5, 6, [7], "/") });
        var json = JsonNode.Parse(OciBundle.ConfigJson(spec, new BundlePlaces("/r", "/u", "/n", "/c", "/native", "/ns", "/zones", Drivers.Oci.OciRuntime.Crun, BundlePlaces.AllControllers)))!;
        var process = json["process"]!;
        Assert.Equal("""["/x","y"]""", process["args"]!.ToJsonString());
        Assert.Equal("""{"uid":5,"gid":6,"additionalGids":[7]}""", process["user"]!.ToJsonString());
        Assert.Equal((false, "/srv"), ((bool)process["terminal"]!, (string?)process["cwd"]));
        Assert.Null(process["capabilities"]!["effective"]);
        string[] mounts = [.. json["mounts"]!.AsArray().Select(m => (string)m!["destination"]!)];
        Assert.DoesNotContain("/run", mounts);
        Assert.DoesNotContain("/tmp", mounts);
        Assert.Contains("/native", mounts);
    }

    [Fact]
    public void An_address_of_DHCP_is_waited_for()
    {
        var spec = Spec(new DockerZone { Argv = ["/x"] });
        Assert.Equal(["/x"], DockerAddress.Before(["/x"], spec));
        var nic = new ZoneNic { Interface = "eth0", Mac = "02:00:00:00:00:01", NicTag = "admin", Ips = ["dhcp"] };
        var words = DockerAddress.Before(["/x", "y"], spec with { Nics = [nic, nic with { Interface = "eth1" }, nic with { Interface = "eth2", Ips = ["10.0.0.1/8"] }] });
        Assert.Equal(["/native/bin/busybox", "sh", "-c"], words.Take(3));
        Assert.Equal(["eth0 eth1", "/x", "y"], words.Skip(4));
    }

    [Fact]
    public void A_zone_without_the_attr_or_of_another_brand_has_an_init()
    {
        var config = new ZoneConfig { Name = Zone, Brand = ZoneBrand.Lx, ZonePath = "/zones/web", ZoneDid = 1 };
        const string metadata = """{"internal_metadata": {"docker:cmd": "[\"/x\"]"}}""";
        Assert.Null(ZoneSpecReader.Read(config, null, metadata).Docker);
        Assert.Equal(["/x"], ZoneSpecReader.Read(config.WithAttr("docker", "true"), null, metadata).Docker!.Argv);
        Assert.Null(ZoneSpecReader.Read((config with { Brand = ZoneBrand.Joyent }).WithAttr("docker", "true"), null, metadata).Docker);
        Assert.Equal("InvalidZoneConfig", Assert.Throws<LumosException>(() => ZoneSpecReader.Read(config.WithAttr("docker", "true"), null, "{")).Code);
    }

    private static DockerZone Read(string json) => DockerZoneReader.Read(JsonNode.Parse(json)!.AsObject(), (key, why) => Assert.Fail($"{key} {why}"));

    private static ZoneSpec Spec(DockerZone docker) => new()
    {
        Name = Zone, Brand = ZoneBrand.Lx, ZoneDid = 1, ZonePath = "/zones/web", Hostname = "box", Docker = docker, MaxLwps = 10, TmpfsBytes = 0,
    };
}
