using System.Text.Json.Nodes;
using Lumos.Testing;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Images of the OCI, and VMs that run what they say.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class OciVmTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void A_program_runs_ends_and_its_end_is_told()
    {
        using var image = new Imported(_root);
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, Small("once"));
        Wait.For("its end", () => vm.State == "stopped");
        var end = vm.Get();
        Assert.Equal(3, (int)end["exit_status"]!);
        Assert.NotNull(end["exit_timestamp"]);
        Assert.Equal(["new", "out"], Entries(vm, "data").Except(["boots"]));
        Assert.DoesNotContain("gone", Entries(vm, "etc"));
        string log = Log(vm);
        Assert.Contains(" stdout F words: exit 3\n", log);
        Assert.Contains(" stdout F hello from 0:0 in /work, home /root\n", log);
        Assert.Contains(" stderr F complaint\n", log);
        Assert.Equal(0, vm.Vmadm("start").Status);
        Wait.For("a second end", () => File.ReadAllLines(_root.Inside($"/zones/{vm.Uuid}/root/data/boots")).Length == 2 && vm.State == "stopped");
    }

    [Fact]
    public void A_policy_restarts_it_so_often_and_its_user_and_words_are_the_payloads()
    {
        using var image = new Imported(_root);
        var payload = Small("retry");
        payload["internal_metadata"] = new JsonObject
        {
            ["docker:restartpolicy"] = "on-failure:2", ["docker:user"] = "app", ["docker:env"] = """["GREETING=bye"]""",
            ["docker:entrypoint"] = """["/bin/sh","-c"]""", ["docker:cmd"] = """["echo $GREETING $(id -u) $(id -G) $HOME > /dev/stdout; exit 7"]""",
        };
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, payload);
        Wait.For("three ends", () => vm.State == "stopped" && Log(vm).Split("bye 1000 1000 2000 /home/app").Length == 4);
        var end = vm.Get();
        Assert.Equal((7, true), ((int)end["exit_status"]!, (bool)end["autoboot"]!));
    }

    [Fact]
    public void It_is_asked_to_stop_looked_into_and_started_again()
    {
        using var image = new Imported(_root);
        var payload = Small("runs");
        payload["hostname"] = "box";
        payload["resolvers"] = new JsonArray("9.9.9.9");
        payload["internal_metadata"] = new JsonObject { ["docker:cmd"] = """["stay"]""", ["docker:extraHosts"] = """["db:10.1.1.1"]""", ["docker:restartpolicy"] = "always" };
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, payload);
        Wait.For("its start", () => Log(vm).Contains("complaint"));
        Assert.Equal("kept", vm.Zlogin("cat /run/kept").OrThrow().Output);
        Assert.Equal("1\n", vm.Zlogin("grep -c /app/run /proc/1/cmdline").OrThrow().Output);
        Assert.Contains("10.1.1.1\tdb", vm.Zlogin("cat /etc/hosts").OrThrow().Output);
        Assert.Equal("box\n", vm.Zlogin("cat /etc/hostname").OrThrow().Output);
        Assert.Contains("nameserver 9.9.9.9", vm.Zlogin("cat /etc/resolv.conf").OrThrow().Output);
        Assert.Contains("volume", vm.Zlogin("ls /").OrThrow().Output);
        vm.Vmadm("reboot").OrThrow();
        Wait.For("a second start", () => Log(vm).Split("complaint").Length == 3);
        vm.Vmadm("stop").OrThrow();
        Assert.Contains("stdout F stopping", Log(vm));
        Assert.Equal(("stopped", 0), (vm.State, (int)vm.Get()["exit_status"]!));
    }

    [Fact]
    public void A_program_that_is_not_there_leaves_no_VM_and_an_image_in_use_is_not_deleted()
    {
        using var image = new Imported(_root);
        var payload = Small("absent");
        payload["brand"] = "lx";
        payload["image_uuid"] = image.Uuid;
        payload["internal_metadata"] = new JsonObject { ["docker:entrypoint"] = """["/nowhere"]""" };
        var refused = _root.Feed(payload.ToJsonString(), "vmadm", "create");
        Assert.NotEqual(0, refused.Status);
        Assert.Contains("/nowhere", refused.ErrorOutput);
        Assert.Equal("", _root.Command("vmadm", "lookup", "alias=absent").OrThrow().Output);
        payload["autoboot"] = false;
        using (HostedVm.Of(_root, "lx", image.Uuid, Small("user"), new JsonObject { ["autoboot"] = false }))
        {
            Assert.NotEqual(0, _root.Command("imgadm", "delete", image.Uuid).Status);
        }
    }

    [Fact]
    public void Volumes_outlive_the_root_and_are_part_of_snapshots()
    {
        using var image = new Imported(_root);
        var payload = Small("data");
        payload["internal_metadata"] = new JsonObject { ["docker:cmd"] = """["stay"]""", ["docker:volumes"] = """["/volume","/data","/srv/own"]""" };
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, payload);
        Assert.Equal("new", vm.Zlogin("cat /data/new").OrThrow().Output); // the image's own
        vm.Zlogin("echo kept > /volume/a; echo kept > /srv/own/b; echo changed > /data/new; echo lost > /work/c; ln /volume/a /volume/b; busybox chown 1000:2000 /volume/a").OrThrow();
        Assert.True(File.Exists(_root.Inside($"/zones/{vm.Uuid}/volumes/srv%2Fown/b")));
        Assert.False(File.Exists(_root.Inside($"/zones/{vm.Uuid}/root/volume/a")));
        vm.Vmadm("create-snapshot", "before").OrThrow();
        vm.Zlogin("echo later > /volume/a; echo later > /work/c").OrThrow();
        vm.Vmadm("rollback-snapshot", "before").OrThrow();
        Wait.For("it to run", () => vm.State == "running");
        Assert.Equal("kept\nlost\n", vm.Zlogin("cat /volume/a /work/c").OrThrow().Output);

        _root.Feed($$"""{"image_uuid": "{{image.Uuid}}"}""", "vmadm", "reprovision", vm.Uuid).OrThrow();
        Wait.For("it to run", () => vm.State == "running");
        Assert.Equal("kept\nkept\nchanged\n", vm.Zlogin("cat /volume/a /srv/own/b /data/new").OrThrow().Output);
        Assert.Equal("1000 2000 2\n", vm.Zlogin("busybox stat -c '%u %g %h' /volume/a").OrThrow().Output);
        Assert.NotEqual(0, vm.Zlogin("cat /work/c").Status);
        vm.Vmadm("delete").OrThrow();
        Assert.False(Directory.Exists(_root.Inside($"/zones/{vm.Uuid}")));
    }

    [Fact]
    public void Its_streams_are_joined_and_the_end_of_input_reaches_it()
    {
        using var image = new Imported(_root);
        const string Program = "while read line; do echo out $line; echo err $line >&2; done; echo end; exit 4";
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, Streams("pipes", Program, "attach_stdin"));
        var joined = _root.Feed("a\nb\n", "zlogin", "-IQ", vm.Uuid).OrThrow();
        Assert.Equal(("out a\nout b\nend\n", "err a\nerr b\n"), (joined.Output, joined.ErrorOutput));
        Wait.For("its end", () => vm.State == "stopped");
        Assert.Equal(4, (int)vm.Get()["exit_status"]!);
        var refused = _root.Feed("", "zlogin", "-I", vm.Uuid);
        Assert.Equal(1, refused.Status);
        Assert.Contains("is not up", refused.ErrorOutput);
    }

    [Fact]
    public void More_than_all_buffers_hold_goes_through_a_program_and_comes_back()
    {
        using var image = new Imported(_root);
        using var vm = HostedVm.Of(_root, "lx", image.Uuid, Streams("much", "exec cat", "attach_stdin"));
        string much = string.Concat(Enumerable.Range(0, 300_000).Select(n => $"{n}\n"));
        Assert.Equal(much, _root.Feed(much, "zlogin", "-IQ", vm.Uuid).OrThrow().Output);
    }

    [Fact]
    public void Its_input_stays_open_for_the_next_one_and_a_terminals_end_is_a_character()
    {
        using var image = new Imported(_root);
        using (var vm = HostedVm.Of(_root, "lx", image.Uuid, Streams("kept", "read a; read b; echo $a $b", "open_stdin")))
        {
            Assert.NotEqual(0, _root.Run(["sh", "-c", $"echo first | timeout -s KILL 3 {_root.Program("zlogin")} -INQ {vm.Uuid}"], null).Status);
            Assert.Equal("first second\n", _root.Feed("second\n", "zlogin", "-IQ", vm.Uuid).OrThrow().Output);
        }
        var payload = Streams("terminal", "cat; echo ended", "open_stdin");
        payload["internal_metadata"]!["docker:tty"] = "true";
        using var terminal = HostedVm.Of(_root, "lx", image.Uuid, payload);
        Assert.EndsWith("hello\r\nended\r\n", _root.Feed("hello\n", "zlogin", "-IQ", terminal.Uuid).OrThrow().Output);
    }

    private static JsonObject Streams(string alias, string program, string input)
    {
        var payload = Small(alias);
        payload["internal_metadata"] = new JsonObject
        {
            ["docker:entrypoint"] = new JsonArray("/bin/sh", "-c", program).ToJsonString(), ["docker:" + input] = "true",
        };
        return payload;
    }

    [Fact]
    public void An_image_made_of_a_VM_runs_what_its_own_image_runs()
    {
        using var image = new Imported(_root);
        string folder = Directory.CreateDirectory(Path.Combine(HostedRoot.Temporary, "made")).FullName;
        string? made = null;
        try
        {
            var payload = Small("proto");
            payload["internal_metadata"] = new JsonObject { ["docker:env"] = """["GREETING=secret"]""" };
            using (var vm = HostedVm.Of(_root, "lx", image.Uuid, payload))
            {
                Wait.For("its end", () => vm.State == "stopped");
                _root.Command("imgadm", "create", "-q", "-c", "gzip", "-o", folder, vm.Uuid, "name=made", "version=1", """tags={"role":"web"}""").OrThrow();
            }
            string manifest = Path.Combine(folder, "made-1.imgmanifest");
            var tags = JsonNode.Parse(File.ReadAllText(manifest))!["tags"]!;
            Assert.Equal(("web", null, null), ((string?)tags["role"], tags["docker:repo"], tags["docker:id"]));
            Assert.DoesNotContain("secret", File.ReadAllText(manifest));
            _root.Command("imgadm", "install", "-q", "-m", manifest, "-f", Directory.GetFiles(folder, "made-1.*.gz").Single()).OrThrow();
            made = (string)JsonNode.Parse(File.ReadAllText(manifest))!["uuid"]!;
            using var again = HostedVm.Of(_root, "lx", made, Small("again"));
            Wait.For("its end", () => again.State == "stopped");
            Assert.Equal(3, (int)again.Get()["exit_status"]!);
            Assert.Contains(" stdout F hello from 0:0 in /work, home /root\n", Log(again));
            Assert.Equal(2, File.ReadAllLines(_root.Inside($"/zones/{again.Uuid}/root/data/boots")).Length); // one of the VM that the image was made of
        }
        finally
        {
            if (made is not null)
            {
                _root.Command("imgadm", "delete", made).OrThrow();
            }
            Directory.Delete(folder, recursive: true);
        }
    }

    private static JsonObject Small(string alias) => new() { ["docker"] = true, ["alias"] = alias, ["ram"] = 64, ["quota"] = 1 };

    private string Log(HostedVm vm) => _root.Inside($"/zones/{vm.Uuid}/logs/stdio.log") is var file && File.Exists(file) ? File.ReadAllText(file) : "";

    private IEnumerable<string> Entries(HostedVm vm, string folder) =>
        Directory.EnumerateFileSystemEntries(_root.Inside($"/zones/{vm.Uuid}/root/{folder}")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    /// <summary>The image of three layers, gone with all of them afterwards.</summary>
    private sealed class Imported : IDisposable
    {
        private readonly HostedRoot _root;
        private readonly string _folder;

        public Imported(HostedRoot root)
        {
            _root = root;
            _folder = Path.Combine(HostedRoot.Temporary, "layout");
            new OciLayoutMaker(_folder).Image("1.0", BusyboxImage.Run, BusyboxImage.Layers);
            string said = root.Command("imgadm", "import", "-q", $"oci:{_folder}:1.0").OrThrow().Output;
            Assert.StartsWith("Imported image ", said);
            Uuid = said.Split(' ')[2];
        }

        public string Uuid { get; }

        public void Dispose()
        {
            for (string? uuid = Uuid; uuid is not null;)
            {
                var manifest = JsonNode.Parse(_root.Command("imgadm", "get", uuid).OrThrow().Output)!["manifest"]!;
                _root.Command("imgadm", "delete", uuid).OrThrow();
                uuid = (string?)manifest["origin"];
            }
            Directory.Delete(_folder, recursive: true);
        }
    }
}
