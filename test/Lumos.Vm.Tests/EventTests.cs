using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux.Spawn;
using Lumos.Vm.Applets;
using Lumos.Vm.Info;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Every change of a VM reaches those who listen, whoever made it; a slow listener hurts nobody.</summary>
public sealed class EventTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_life_of_a_VM_is_told()
    {
        using var info = new RunningInfo(_machine);
        using var events = new Listening(_machine);
        string uuid = _machine.Create(""", "alias": "a" """);
        events.WaitFor("modify", uuid, "state", "running");
        _machine.Vmadm(null, "update", uuid, "alias=b");
        Assert.Equal("\"a\" -> \"b\"", events.WaitFor("modify", uuid, "alias"));
        _machine.Vmadm(null, "stop", uuid);
        events.WaitFor("modify", uuid, "zone_state", "installed");
        _machine.Vmadm(null, "delete", uuid);
        events.WaitFor("delete", uuid);
        Assert.Equal("ready", events.All[0].Type);
        Assert.Single(events.All, e => e.Type == "create");
        Assert.All(events.All.Where(e => e.Type is "create" or "modify"), e => Assert.Equal(uuid, (string?)e.Object["vm"]!["uuid"]));
        Assert.All(events.All.Skip(1), e => Assert.Equal((uuid, uuid), ((string?)e.Object["uuid"], (string?)e.Object["zonename"])));
    }

    [Fact]
    public void Snapshots_that_are_made_and_lost_are_told_and_shown()
    {
        string uuid = _machine.Create();
        using var info = new RunningInfo(_machine);
        using var events = new Listening(_machine);
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "one").Status);
        Assert.Contains("\"name\":\"one\"", events.WaitFor("modify", uuid, "snapshots.*"));
        using (var client = VmInfoClient.TryConnect(_machine.Socket)!)
        {
            var shown = JsonNode.Parse(client.Get(uuid)!)!;
            Assert.Equal("one", (string?)shown["snapshots"]![0]!["name"]);
            Assert.Equal(_machine.Get(uuid).ToJsonString(), shown.ToJsonString());
        }
        _machine.Vmadm(null, "create-snapshot", uuid, "two");
        _machine.Vmadm(null, "create-snapshot", uuid, "three");
        Assert.Equal(0, _machine.Vmadm(null, "rollback-snapshot", uuid, "one").Status);
        _machine.Vmadm(null, "delete-snapshot", uuid, "one");
        Wait.Until(() => Told("removed").Count == 3);
        Assert.Equal(["one", "two", "three"], Told("added"));
        Assert.Equal(["two", "three", "one"], Told("removed"));

        List<string> Told(string action) => [.. events.All.SelectMany(e => (e.Object["changes"] as JsonArray)?.OfType<JsonObject>() ?? [])
            .Where(c => (string?)c["prettyPath"] == "snapshots.*" && (string?)c["action"] == action)
            .Select(c => (string)(c["newValue"] ?? c["oldValue"])!["name"]!)];
    }

    [Fact]
    public void What_a_guest_writes_is_seen_by_the_next_question_and_never_lost()
    {
        string uuid = _machine.Create(), folder = _machine.At($"zones/{uuid}/config");
        using var info = new RunningInfo(_machine, datasetPeriod: TimeSpan.FromMilliseconds(50));
        using var client = VmInfoClient.TryConnect(_machine.Socket)!;
        for (int i = 0; i < 200; i++)
        {
            Put($"v{i}");
            Assert.Equal($"v{i}", Seen());
        }
        // The dataset is mounted anew: another folder of the same name, and nobody tells.
        Directory.Move(folder, folder + ".old");
        Directory.CreateDirectory(folder);
        Wait.Until(() => Seen() != "v199");
        Put("after");
        Wait.Until(() => Seen() == "after");

        void Put(string value) => ConfigFiles.ChangeCustomerMetadata(_machine.At("zones/" + uuid), metadata =>
        {
            metadata["k"] = value;
            return true;
        });
        string? Seen() => (string?)JsonNode.Parse(client.Get(uuid)!)!["customer_metadata"]!["k"];
    }

    [Fact]
    public void What_others_change_is_told_and_what_does_not_change_is_not()
    {
        string uuid = _machine.Create();
        using var info = new RunningInfo(_machine, datasetPeriod: TimeSpan.FromMilliseconds(50));
        using var events = new Listening(_machine);
        string xml = _machine.At($"etc/zones/{uuid}.xml");
        File.WriteAllText(xml, File.ReadAllText(xml).Replace("autoboot=\"true\"", "autoboot=\"false\""));
        events.WaitFor("modify", uuid, "autoboot", "false");
        File.WriteAllText(_machine.At($"zones/{uuid}/config/tags.json"), """{"by": "hand"}""");
        events.WaitFor("modify", uuid, "tags.by", "hand");
        _machine.Datasets.SetProperties(DatasetName.Parse("zones/" + uuid), new Dictionary<string, string> { ["quota"] = (77L << 30).ToString(System.Globalization.CultureInfo.InvariantCulture) });
        events.WaitFor("modify", uuid, "quota", "77");
        Assert.Equal(77, (int)_machine.Get(uuid)["quota"]!);
        int before = events.All.Count;
        using (var client = VmInfoClient.TryConnect(_machine.Socket)!)
        {
            client.Refresh(uuid);
        }
        _machine.Vmadm(null, "update", uuid, "alias=last");
        events.WaitFor("modify", uuid, "alias");
        Assert.DoesNotContain(events.All.Skip(before), e => e.Type == "modify" && e.Object["changes"]!.AsArray().Count == 0);
    }

    /// <summary>Nobody writes an exit status when the monitor is killed: the end of the process itself is seen.</summary>
    [Fact]
    public void A_zone_whose_init_ends_without_an_exit_file_is_seen_to_be_down()
    {
        string uuid = _machine.Create();
        using var init = ChildProcess.Start(new SpawnRequest { Argv = ["sleep", "1000"] });
        _machine.Runtime.InitPid = init.Pid;
        using var info = new RunningInfo(_machine);
        using var events = new Listening(_machine);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        _machine.Runtime.InitsEndedUnseen = true;
        init.Signal(9);
        events.WaitFor("modify", uuid, "zone_state", "down");
        init.Wait();
    }

    [Fact]
    public async Task Lost_file_events_end_in_the_same_model_and_the_right_events()
    {
        string changed = _machine.Create(""", "alias": "a" """), gone = _machine.Create(""", "alias": "gone" """), kept = _machine.Create();
        using var info = new RunningInfo(_machine);
        using var events = new Listening(_machine);
        using var held = new ManualResetEventSlim();
        using var holds = new ManualResetEventSlim();
        var asked = info.Daemon.Keeper.Ask(_ => { holds.Set(); held.Wait(); return 0; });
        holds.Wait();
        // More than the kernel's queue holds, while nobody reads it; then what matters.
        int limit = int.Parse(File.ReadAllText("/proc/sys/fs/inotify/max_queued_events"));
        string noise = Path.Combine(_machine.Layout.Exits, "noise");
        for (int i = 0; i < limit; i++)
        {
            File.WriteAllText(noise + i % 7, "");
        }
        File.WriteAllText(_machine.At($"zones/{changed}/config/tags.json"), """{"late": true}""");
        _machine.Host.Zones.Remove(ZoneName.Parse(gone));
        held.Set();
        events.WaitFor("delete", gone);
        events.WaitFor("modify", changed, "tags.late", "true");
        Assert.DoesNotContain(events.All.Skip(1), e => (string?)e.Object["uuid"] == kept);
        Assert.Equal("inotify lost events", await info.Daemon.Keeper.Ask(_ => info.Daemon.Keeper.Resyncs[0].Why));
        Assert.Equal(0, await asked);
        _machine.Vmadm(null, "update", changed, "alias=b");
        events.WaitFor("modify", changed, "alias"); // it goes on
    }

    [Fact]
    public void A_listener_outlives_vminfod_and_is_told_what_it_missed()
    {
        string changed = _machine.Create(""", "alias": "a" """), gone = _machine.Create();
        var info = new RunningInfo(_machine);
        using var events = new Listening(_machine);
        events.WaitFor("ready");
        info.Dispose();
        Wait.Until(() => events.Said.Any(line => line.Contains("vminfod is stopping", StringComparison.Ordinal)));
        _machine.Vmadm(null, "update", changed, "alias=b");
        _machine.Vmadm(null, "delete", gone);
        string made = _machine.Create();
        using var next = new RunningInfo(_machine);
        events.WaitFor("delete", gone);
        events.WaitFor("create", made);
        Assert.Equal("\"a\" -> \"b\"", events.WaitFor("modify", changed, "alias"));
        Assert.Contains(events.Said, line => line.StartsWith("vminfod is back", StringComparison.Ordinal));
        Assert.Single(events.All, e => e.Type == "ready");
        _machine.Vmadm(null, "update", changed, "alias=c");
        Wait.Until(() => events.All.Any(e => (string?)e.Object["vm"]?["alias"] == "c"));
    }

    [Fact]
    public void Who_does_not_read_is_let_go_with_a_last_line_and_nobody_waits()
    {
        string uuid = _machine.Create();
        using var info = new RunningInfo(_machine);
        using var slow = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        slow.Connect(new UnixDomainSocketEndPoint(_machine.Socket));
        slow.Send(Encoding.ASCII.GetBytes("GET /events HTTP/1.1\r\n\r\n"));
        using var reader = new StreamReader(new NetworkStream(slow));
        while (reader.ReadLine() is { Length: > 0 })
        {
            // the head
        }
        Assert.Equal("ready", (string?)JsonNode.Parse(reader.ReadLine()!)!["type"]);
        string large = new('x', 500_000);
        for (int i = 0; i < 20; i++)
        {
            File.WriteAllText(_machine.At($"zones/{uuid}/config/tags.json"), $$"""{"a{{i}}": "{{large}}"}""");
            using var client = VmInfoClient.TryConnect(_machine.Socket)!;
            client.Refresh(uuid);
        }
        string? last = null;
        while (reader.ReadLine() is { } line)
        {
            last = line;
        }
        var end = JsonNode.Parse(last!)!;
        Assert.Equal("end", (string?)end["type"]);
        Assert.StartsWith("too slow", (string?)end["reason"]);
        Wait.Until(() => info.Daemon.Keeper.Ask(_ => info.Daemon.Keeper.Listeners.Count).Result == 0);
    }

    [Fact]
    public void A_listener_that_leaves_is_forgotten()
    {
        using var info = new RunningInfo(_machine);
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Connect(new UnixDomainSocketEndPoint(_machine.Socket));
            socket.Send(Encoding.ASCII.GetBytes("GET /events HTTP/1.1\r\nUser-Agent: me\r\n\r\n"));
            Wait.Until(() => Status(out _).Contains("\n  - me\n", StringComparison.Ordinal));
        }
        Wait.Until(() => Status(out _).EndsWith("eventsListeners: (0 listeners)\n", StringComparison.Ordinal));

        string Status(out int status)
        {
            var run = Vminfo("status", "-f");
            status = run.Status;
            return run.Out;
        }
    }

    [Fact]
    public void Text_is_as_SmartOS_prints_it()
    {
        var modify = Seen("""
            {"type":"modify","date":"2026-11-30T04:05:06.789Z","zonename":"aaaaaaaa-0000-4000-8000-000000000001","uuid":"aaaaaaaa-0000-4000-8000-000000000001",
             "vm":{"alias":"an-alias-of-more-than-thirty-characters"},
             "changes":[{"prettyPath":"tags.a","path":["tags","a"],"action":"added","newValue":"x"},{"prettyPath":"pid","path":["pid"],"action":"removed","oldValue":7}]}
            """);
        Assert.Equal("""
            [04:05:06.789Z] aaaaaaaa an-alias-of-more-than-thirt... modify: tags.a added :: undefined -> "x"
            [04:05:06.789Z] aaaaaaaa an-alias-of-more-than-thirt... modify: pid removed :: 7 -> undefined

            """, Print(new VmEventText(false, false, false), modify));
        Assert.StartsWith("[2026-11-30T04:05:06.789Z] aaaaaaaa-0000-4000-8000-000000000001 an-alias-of", Print(new VmEventText(false, true, false), modify));
        var delete = Seen("""{"type":"delete","date":"2026-11-30T04:05:06.789Z","zonename":"aaaaaaaa-0000-4000-8000-000000000001","uuid":"u"}""");
        Assert.Equal("[04:05:06.789Z] aaaaaaaa - delete\n", Print(new VmEventText(false, false, false), delete));
        var ready = Seen("""{"type":"ready","date":"2026-11-30T04:05:06.789Z","uuid":"u","vms":[]}""");
        Assert.Equal("", Print(new VmEventText(false, false, false), ready));
        Assert.Equal("[04:05:06.789Z] ready\n", Print(new VmEventText(false, false, true), ready));
        Assert.Equal("[2026-11-30T04:05:06.789Z] ready (uuid u)\n", Print(new VmEventText(false, true, true), ready));
    }

    [Fact]
    public void Without_vminfod_events_say_so()
    {
        var run = _machine.Vmadm(null, "events");
        Assert.Equal((1, "vminfod is not running: \"svcs -x vminfod\" tells why\n"), (run.Status, run.Error));
        Assert.Equal(2, _machine.Vmadm(null, "events", "not-a-uuid").Status);
    }

    [Fact]
    public void Vminfo_asks_vminfod_alone()
    {
        string uuid = _machine.Create(""", "alias": "v" """);
        Assert.Equal("VminfodDown", Assert.Throws<LumosException>(() => Vminfo("ping")).Code);
        using var info = new RunningInfo(_machine);
        Assert.Equal("pong\n", Vminfo("ping").Out);
        Assert.Equal("v", (string?)JsonNode.Parse(Vminfo("vm", uuid).Out)!["alias"]);
        Assert.Equal("VmNotFound", Assert.Throws<LumosException>(() => Vminfo("vm", "nobody")).Code);
        Assert.Single(JsonNode.Parse(Vminfo("vms").Out)!.AsArray());
        Assert.Contains("state: running (working)\n", Vminfo("status").Out);
        Assert.Equal(1, (int)JsonNode.Parse(Vminfo("status", "-jf").Out)!["numVms"]!);
        Assert.Equal((0, 2, 2), (Vminfo("help").Status, Vminfo().Status, Vminfo("fly").Status));
    }

    private Run Vminfo(params string[] words)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int status = new Vminfo(new AppletContext { Name = "vminfo", Args = words, Out = output, Error = error }, _machine.Socket).Run();
        return new Run(status, output.ToString(), error.ToString());
    }

    private static SeenEvent Seen(string json) => new(Encoding.UTF8.GetBytes(json), JsonNode.Parse(json)!.AsObject());

    private static string Print(VmEventText text, SeenEvent e)
    {
        var output = new StringWriter { NewLine = "\n" };
        text.Write(output, e);
        return output.ToString();
    }

    /// <summary>A follower on a thread of its own.</summary>
    private sealed class Listening : IDisposable
    {
        private readonly ConcurrentQueue<SeenEvent> _events = new();
        private readonly ConcurrentQueue<string> _said = new();
        private volatile bool _done;

        public Listening(TestMachine machine)
        {
            var follower = new VmEventFollower(machine.Socket, null, "test", _said.Enqueue);
            new Thread(() =>
            {
                foreach (var e in follower.Events())
                {
                    _events.Enqueue(e);
                    if (_done)
                    {
                        return;
                    }
                }
            })
            { IsBackground = true }.Start();
            WaitFor("ready");
        }

        public IReadOnlyList<SeenEvent> All => [.. _events];

        public IReadOnlyList<string> Said => [.. _said];

        /// <summary>Waits for such an event; returns old and new value of its change of a path.</summary>
        public string? WaitFor(string type, string? uuid = null, string? path = null, string? value = null)
        {
            string? found = null;
            Wait.Until(() =>
            {
                foreach (var e in _events.Where(e => e.Type == type && (uuid is null || (string?)e.Object["uuid"] == uuid)))
                {
                    if (path is null)
                    {
                        return true;
                    }
                    var change = e.Object["changes"]?.AsArray().OfType<JsonObject>()
                        .LastOrDefault(c => (string?)c["prettyPath"] == path && (value is null || JsonText.Plain(c["newValue"]) == value));
                    if (change is not null)
                    {
                        found = $"{change["oldValue"]?.ToJsonString()} -> {change["newValue"]?.ToJsonString()}";
                        return true;
                    }
                }
                return false;
            });
            return found;
        }

        public void Dispose() => _done = true;
    }
}
