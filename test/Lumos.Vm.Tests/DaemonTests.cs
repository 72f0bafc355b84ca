using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vminfod and vmadmd on a folder of their own, with a real socket and real inotify.</summary>
public sealed class DaemonTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void What_vmadm_changes_is_listed_at_once()
    {
        using var info = new RunningInfo(_machine);
        string uuid = _machine.Create(""", "alias": "a" """);
        Assert.Equal($"{uuid}:running:a\n", List());
        _machine.Vmadm(null, "update", uuid, "alias=b", "quota=33");
        _machine.Vmadm(null, "stop", uuid);
        Assert.Equal($"{uuid}:stopped:b\n", List());
        Assert.Equal(33, (int)_machine.Get(uuid)["quota"]!);
        _machine.Vmadm(null, "delete", uuid);
        Assert.Equal("", List());
        Assert.Equal($"zoneadm: {uuid}: No such zone configured\n", _machine.Vmadm(null, "get", uuid).Error);
        Assert.DoesNotContain(_machine.Said, line => line.Contains("vminfod"));
    }

    [Fact]
    public void With_and_without_vminfod_the_same_is_shown()
    {
        string uuid = _machine.Create(""", "alias": "ü", "tags": {"a": 1}, "nics": [{"nic_tag": "admin", "ip": "dhcp"}]""");
        string without = _machine.Vmadm(null, "get", uuid).Out;
        using var info = new RunningInfo(_machine);
        Assert.Equal(without, _machine.Vmadm(null, "get", uuid).Out);
    }

    [Fact]
    public void Changes_by_other_hands_are_noticed()
    {
        using var info = new RunningInfo(_machine);
        string uuid = _machine.Create(""", "alias": "a", "autoboot": false""");
        string xml = _machine.At($"etc/zones/{uuid}.xml");
        File.WriteAllText(xml, File.ReadAllText(xml).Replace("autoboot=\"false\"", "autoboot=\"true\""));
        Wait.Until(() => (bool)_machine.Get(uuid)["autoboot"]!);
        File.WriteAllText(_machine.At($"zones/{uuid}/config/tags.json"), """{"by": "hand"}""");
        Wait.Until(() => (string?)_machine.Get(uuid)["tags"]!["by"] == "hand");
        new Booter(_machine.Host).Boot(uuid);
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == "running");
        _machine.Host.Zones.Remove(ZoneName.Parse(uuid));
        Wait.Until(() => List().Length == 0);
    }

    [Fact]
    public void A_thousand_VMs_are_listed_from_memory()
    {
        var spec = Normaliser.Create([], "joyent", "zones", new TestMachine.CountingIdentities(), DateTimeOffset.UnixEpoch, new PayloadReport());
        for (int i = 0; i < 1000; i++)
        {
            string uuid = $"bbbbbbbb-0000-4000-8000-{i:x12}";
            var vm = spec.With("uuid", uuid).With("zonename", uuid).With("zonepath", _machine.At("zones/" + uuid)).With("alias", $"vm{i}");
            File.WriteAllText(_machine.At($"etc/zones/{uuid}.xml"),
                Zones.Config.ZoneConfigXml.Write(ZoneConfigMapping.ToConfig(vm, null) with { ZoneDid = i + 1 }));
        }
        File.WriteAllText(_machine.At("etc/zones/index"), "global:installed:/\n" + string.Concat(
            Enumerable.Range(0, 1000).Select(i => $"bbbbbbbb-0000-4000-8000-{i:x12}:installed:/zones/bbbbbbbb-0000-4000-8000-{i:x12}:bbbbbbbb-0000-4000-8000-{i:x12}\n")));
        using var info = new RunningInfo(_machine);
        int asked = 0;
        _machine.BeforeDataset = (_, _) => asked++;
        Assert.Equal(1000, List().Count(c => c == '\n'));
        Assert.Equal(0, asked);
    }

    [Fact]
    public void A_socket_left_by_one_that_was_killed_is_taken_over_and_a_second_daemon_refused()
    {
        Directory.CreateDirectory(_machine.At("run"));
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(_machine.Socket));
        }
        File.WriteAllText(_machine.Socket + ".x", "");
        using var info = new RunningInfo(_machine);
        Assert.Equal("", List());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_machine.Socket));
        Assert.Equal("AlreadyRunning", Assert.Throws<LumosException>(() => new VmInfoDaemon(_machine.NewHost(), JsonLog.None)).Code);
    }

    [Fact]
    public void Nonsense_on_the_socket_is_answered_and_the_next_request_served()
    {
        using var info = new RunningInfo(_machine);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", Talk("hello\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431 ", Talk("GET /ping HTTP/1.1\r\nX: " + new string('x', 20_000) + "\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 405 ", Talk("DELETE /vms HTTP/1.1\r\nConnection: close\r\n\r\n"));
        string two = Talk("GET /fly HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", two);
        Assert.EndsWith("\r\n\r\n{\"ping\":\"pong\"}\n", two);
    }

    [Fact]
    public void It_answers_what_curl_asks()
    {
        string uuid = _machine.Create(""", "alias": "w\u00fcb", "ram": 512, "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}] """);
        _machine.Create(""", "alias": "other" """);
        using var info = new RunningInfo(_machine);
        Assert.Equal("""{"ping":"pong"}""", Body("/ping"));
        Assert.Equal(2, JsonNode.Parse(Body("/vms"))!.AsArray().Count);
        var whole = _machine.Get(uuid);
        Assert.Equal(whole.ToJsonString(), JsonNode.Parse(Body("/vms/" + uuid))!.ToJsonString());
        Assert.Equal($$"""[{"uuid":"{{uuid}}"}]""", Body("/vms?nics.*.ip=10.0.0.5&ram=512&alias=~B$&fields=uuid,bogus"));
        Assert.Equal("[]", Body("/vms?alias=none"));
        Assert.Contains("\"code\":\"InvalidFilter\"", Talk("GET /vms?bogus=1 HTTP/1.1\r\nConnection: close\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 404 ", Talk("GET /vms/nobody HTTP/1.1\r\nConnection: close\r\n\r\n"));
        var status = JsonNode.Parse(Body("/status?full=true"))!;
        Assert.Equal((2, Environment.ProcessId, "running"), ((int)status["numVms"]!, (int)status["pid"]!, (string)status["state"]!));
        Assert.Equal(6, (int)status["watching"]!["folders"]!); // zones, states, exits, machines, and one of each VM
    }

    /// <summary>Whatever comes back until the other side closes.</summary>
    private string Talk(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(_machine.Socket));
        socket.Send(Encoding.UTF8.GetBytes(request));
        using var reader = new StreamReader(new NetworkStream(socket));
        return reader.ReadToEnd();
    }

    private string Body(string path)
    {
        string answer = Talk($"GET {path} HTTP/1.1\r\nHost: vminfod\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer);
        return answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].TrimEnd('\n');
    }

    [Theory]
    [InlineData(129, "running")]
    [InlineData(130, "stopped")]
    [InlineData(0, "stopped")]
    public void A_zone_that_ends_is_cleaned_up_and_booted_again_if_it_asked(int exit, string state)
    {
        string uuid = _machine.Create();
        using var admin = new RunningAdmin(_machine);
        _machine.Runtime.Calls.Clear();
        _machine.Runtime.End(ZoneName.Parse(uuid), exit);
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == state);
        Assert.True((bool)_machine.Get(uuid)["autoboot"]!);
        Assert.Equal(state == "running" ? 1 : 0, _machine.Runtime.Calls.Count);
    }

    [Fact]
    public void What_ended_while_vmadmd_was_away_is_settled_when_it_starts()
    {
        string uuid = _machine.Create();
        _machine.Runtime.End(ZoneName.Parse(uuid), 129);
        using var admin = new RunningAdmin(_machine);
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == "running");
    }

    /// <summary>The machine stops dead before each change a create makes; vmadmd then starts on what is left.</summary>
    [Fact]
    public void A_create_cut_short_anywhere_leaves_the_VM_or_nothing()
    {
        foreach (string cut in (string[])["claimed", "cloned", "installed"])
        {
            using var machine = new TestMachine();
            string uuid = CutShort(machine, cut);
            using var admin = new RunningAdmin(machine);
            if (cut == "installed")
            {
                Wait.Until(() => (string?)machine.Get(uuid)["state"] == "running");
            }
            else
            {
                Wait.Until(() => !machine.Host.Zones.ReadIndex().Zones.Any());
                Assert.False(machine.Datasets.Exists(DatasetName.Parse("zones/" + uuid)));
                Assert.False(Directory.Exists(machine.At("zones/" + uuid)));
            }
        }
    }

    [Fact]
    public void A_VM_whose_maker_was_killed_and_that_does_not_boot_is_failed_and_not_tried_again()
    {
        string uuid = CutShort(_machine, "installed");
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "no such init");
        using var admin = new RunningAdmin(_machine);
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == "failed");
        // In a row, for what the maker may have left in the way; then never again.
        Assert.Equal(3, _machine.Runtime.Calls.Count(c => c == $"boot {uuid}"));
    }

    [Fact]
    public void A_delete_cut_short_is_finished()
    {
        string uuid = _machine.Create();
        _machine.Runtime.Halt(ZoneName.Parse(uuid));
        _machine.Host.Zones.SetState(ZoneName.Parse(uuid), ZoneState.Incomplete);
        using var admin = new RunningAdmin(_machine);
        Wait.Until(() => !_machine.Host.Zones.ReadIndex().Zones.Any());
        Assert.False(_machine.Datasets.Exists(DatasetName.Parse("zones/" + uuid)));
    }

    [Fact]
    public void A_create_under_way_is_left_alone()
    {
        using var admin = new RunningAdmin(_machine);
        string uuid = "";
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "clone")
            {
                // The zone has been claimed, vmadmd has been told by inotify, and it must wait for the lock.
                uuid = name[6..];
                Wait.Until(() => _machine.Host.Zones.ReadIndex().Zones.Any());
            }
        };
        Assert.Equal(_machine.Create(), uuid);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
    }

    [Fact]
    public void A_first_boot_nobody_waits_for_any_more_is_ended_by_vmadmd()
    {
        _machine.Runtime.OnBoot = null;
        string uuid = _machine.Create(""", "nowait": true""");
        Assert.Equal("provisioning", (string?)_machine.Get(uuid)["state"]);
        using var admin = new RunningAdmin(_machine);
        File.Delete(_machine.At($"zones/{uuid}/root/var/svc/provisioning"));
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == "running");
    }

    private static string CutShort(TestMachine machine, string cut)
    {
        var report = new PayloadReport();
        var (vm, facts) = new VmCreator(machine.Host).Prepare(
            JsonNode.Parse($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""")!.AsObject(), report);
        string uuid = vm!.Text("uuid")!;
        var name = ZoneName.Parse(uuid);
        machine.Host.Zones.Create(ZoneConfigMapping.ToConfig(vm, null).WithAttr(ZoneConfigMapping.Provisioning, "true"), uuid);
        if (cut == "claimed")
        {
            return uuid;
        }
        machine.Host.Zones.SetState(name, ZoneState.Incomplete);
        machine.Datasets.Clone(SnapshotName.Parse($"zones/{TestMachine.NativeImage}@final"), DatasetName.Parse(vm.RootDataset));
        ConfigFiles.WriteNew(vm, sync: true);
        ZoneRootFiles.Prepare(vm, sync: true);
        if (cut == "installed")
        {
            machine.Host.Zones.SetState(name, ZoneState.Installed);
        }
        Assert.NotNull(facts);
        return uuid;
    }

    private string List() => _machine.Vmadm(null, "list", "-p", "-o", "uuid,state,alias").Out;
}
