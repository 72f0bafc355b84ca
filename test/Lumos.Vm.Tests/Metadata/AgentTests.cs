using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Applets;
using Lumos.Vm.Metadata;
using Lumos.Vm.Metadata.Agent;
using Lumos.Vm.Metadata.Protocol;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>The agent with real sockets and the commands of guests, on a machine in a folder.</summary>
public sealed class AgentTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Moment = TimeSpan.FromMilliseconds(300);

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_machine_asks_over_its_second_serial_port_and_its_firmware_is_not_spoken_to()
    {
        string uuid = _machine.Create(""", "customer_metadata": {"k": "v"}""");
        var name = ZoneName.Parse(uuid);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var agent = new RunningAgent(_machine);
        listener.Bind(new UnixDomainSocketEndPoint(_machine.Layout.SecondSerialPort(name)));
        listener.Listen();
        File.SetLastWriteTimeUtc(_machine.Layout.StateFile(name), DateTime.UtcNow);
        File.WriteAllText(_machine.Layout.StateFile(name) + ".new", File.ReadAllText(_machine.Layout.StateFile(name)));
        File.Move(_machine.Layout.StateFile(name) + ".new", _machine.Layout.StateFile(name), overwrite: true); // as QEMU runs, the zone's record changes
        for (int boots = 0; boots < 2; boots++)
        {
            using var guest = new RawClient(listener.Accept());
            guest.Send("\u001b[2J\u001b[01;01HBdsDxe: loading Boot0001\r\n\r\nGRUB loading.\r\nerror: no such thing\nGETS nothing\n");
            Assert.Equal("invalid command\n", guest.Ask("\n", 1)); // the first that is answered
            Assert.Equal("V2_OK\n", guest.Ask("NEGOTIATE V2\n", 1));
            Assert.Equal("SUCCESS\nv\n.\n", guest.Ask("GET k\n", 3));
        } // the port is answered at again
    }

    [Fact]
    public void Guests_read_and_write_and_the_operator_sees_it()
    {
        string uuid = _machine.Create(""", "alias": "a", "customer_metadata": {"k": "v", "two": "l1\nl2\n"}, "internal_metadata": {"root_pw": "s", "x": "y"}""");
        using var agent = new RunningAgent(_machine);
        Assert.Equal((0, "v\n"), Guest(uuid, "mdata-get", "k"));
        Assert.Equal((0, "l1\nl2\n"), Guest(uuid, "mdata-get", "two"));
        Assert.Equal((0, $"{uuid}\n"), Guest(uuid, "mdata-get", "sdc:uuid"));
        Assert.Equal((0, "running\n"), Guest(uuid, "mdata-get", "sdc:state"));
        Assert.Equal((0, "s\n"), Guest(uuid, "mdata-get", "root_pw"));
        Assert.Equal((1, ""), Guest(uuid, "mdata-get", "x"));
        Assert.Equal((2, ""), Guest(uuid, "mdata-get", "sdc:customer_metadata"));
        Assert.Equal((3, ""), Guest(uuid, "mdata-get"));
        Assert.Equal((0, "k\ntwo\nroot_pw\n"), Guest(uuid, "mdata-list"));

        Assert.Equal((0, ""), Guest(uuid, "mdata-put", "new", "ünï"));
        Assert.Equal((0, "ünï\n"), Guest(uuid, "mdata-get", "new"));
        Assert.Equal("ünï", (string?)_machine.Get(uuid)["customer_metadata"]!["new"]);
        Assert.Equal((0, ""), GuestWith(uuid, "from stdin", "mdata-put", "new"));
        Assert.Equal("from stdin", (string?)_machine.Get(uuid)["customer_metadata"]!["new"]);
        Assert.Equal((0, ""), Guest(uuid, "mdata-put", "k", ""));
        Assert.Equal((0, ""), Guest(uuid, "mdata-delete", "two"));
        Assert.Equal((0, ""), Guest(uuid, "mdata-delete", "was-never-there"));
        Assert.Equal(["new"], _machine.Get(uuid)["customer_metadata"]!.AsObject().Select(p => p.Key));
        Assert.Equal("y", (string?)_machine.Get(uuid)["internal_metadata"]!["x"]);
        Assert.Equal((2, ""), Guest(uuid, "mdata-put", "sdc:alias", "z"));
        Assert.Equal((2, ""), Guest(uuid, "mdata-put", "root_pw", "z"));

        // What the operator changes is what the guest reads next.
        _machine.Vmadm("""{"set_customer_metadata": {"k2": "v2"}, "alias": "b", "internal_metadata_namespaces": ["x"], "set_internal_metadata": {"x:1": "one"}}""", "update", uuid);
        Assert.Equal((0, "v2\n"), Guest(uuid, "mdata-get", "k2"));
        Assert.Equal((0, "b\n"), Guest(uuid, "mdata-get", "sdc:alias"));
        Assert.Equal((0, "one\n"), Guest(uuid, "mdata-get", "x:1"));
        Assert.Equal((2, ""), Guest(uuid, "mdata-put", "x:1", "z"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_machine.At($"zones/{uuid}/config/metadata.json")));
    }

    [Fact]
    public void A_large_value_goes_through_and_one_too_large_is_refused()
    {
        string uuid = _machine.Create();
        using var agent = new RunningAgent(_machine);
        string large = string.Concat(Enumerable.Range(0, MetadataLimits.LargestValue / 8).Select(i => $"{i:x7}\n"));
        Assert.Equal((0, ""), GuestWith(uuid, large, "mdata-put", "large"));
        Assert.Equal((0, large), Guest(uuid, "mdata-get", "large"));
        Assert.Equal((2, ""), GuestWith(uuid, large + "x", "mdata-put", "large"));
        for (int i = 1; i < MetadataLimits.LargestMetadata / MetadataLimits.LargestValue; i++)
        {
            int status = GuestWith(uuid, large, "mdata-put", $"large{i}").Status;
            Assert.Equal(i < MetadataLimits.LargestMetadata / MetadataLimits.LargestValue - 1 ? 0 : 2, status);
        }
        Assert.Equal((0, large), Guest(uuid, "mdata-get", "large"));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_rather_than_changed()
    {
        string uuid = _machine.Create();
        using var agent = new RunningAgent(_machine);
        Assert.Equal(2, Run(uuid, [0xff, 0xfe], "mdata-put", "k").Status);
        Assert.Equal((1, ""), Guest(uuid, "mdata-get", "k"));
    }

    [Fact]
    public void Zones_booted_before_and_after_have_their_sockets_and_those_that_ended_do_not()
    {
        string before = _machine.Create();
        using var agent = new RunningAgent(_machine);
        string after = _machine.Create();
        Assert.Equal((0, $"{before}\n"), Guest(before, "mdata-get", "sdc:uuid"));
        Assert.Equal((0, $"{after}\n"), Guest(after, "mdata-get", "sdc:uuid"));
        Assert.Equal(0, _machine.Vmadm(null, "reboot", after).Status);
        Assert.Equal((0, $"{after}\n"), Guest(after, "mdata-get", "sdc:uuid"));
        Assert.Equal(0, _machine.Vmadm(null, "stop", after, "-F").Status);
        Assert.False(File.Exists(Socket(after)));
        Assert.Equal((0, $"{before}\n"), Guest(before, "mdata-get", "sdc:uuid"));
    }

    [Fact]
    public async Task A_guest_waits_for_an_agent_that_is_away_and_for_the_next_one()
    {
        string uuid = _machine.Create(""", "customer_metadata": {"k": "v"}""");
        var early = Task.Run(() => Guest(uuid, "mdata-get", "k"));
        using (new RunningAgent(_machine))
        {
            Assert.Equal((0, "v\n"), await early.WaitAsync(Patience));
        }
        // Its socket is still there, and nobody answers.
        Assert.True(File.Exists(Socket(uuid)));
        var between = Task.Run(() => Guest(uuid, "mdata-put", "k", "w"));
        Assert.NotSame(between, await Task.WhenAny(between, Task.Delay(Moment)));
        using var next = new RunningAgent(_machine);
        Assert.Equal((0, ""), await between.WaitAsync(Patience));
        Assert.Equal((0, "w\n"), Guest(uuid, "mdata-get", "k"));
        Assert.Equal("AlreadyRunning", Assert.Throws<LumosException>(() => new MetadataAgent(_machine.NewHost(), JsonLog.None, false)).Code);
    }

    [Fact]
    public async Task Writers_of_both_sides_lose_nothing()
    {
        string uuid = _machine.Create();
        using var agent = new RunningAgent(_machine);
        var guest = Task.Run(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal((0, ""), Guest(uuid, "mdata-put", $"guest{i}", "x"));
            }
        });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(0, _machine.Vmadm($$"""{"set_customer_metadata": {"operator{{i}}": "x"} }""", "update", uuid).Status);
        }
        await guest;
        Assert.Equal(40, _machine.Get(uuid)["customer_metadata"]!.AsObject().Count);
    }

    [Fact]
    public async Task A_change_waits_for_who_holds_the_VM_while_questions_are_answered()
    {
        string uuid = _machine.Create(""", "customer_metadata": {"k": "v"}""");
        using var agent = new RunningAgent(_machine);
        Task<(int, string)> put;
        using (_machine.Host.Lock(uuid))
        {
            put = Task.Run(() => Guest(uuid, "mdata-put", "k", "w"));
            Assert.Equal((0, "v\n"), Guest(uuid, "mdata-get", "k"));
            Assert.NotSame(put, await Task.WhenAny(put, Task.Delay(Moment)));
        }
        Assert.Equal((0, ""), await put.WaitAsync(Patience));
        Assert.Equal((0, "w\n"), Guest(uuid, "mdata-get", "k"));
    }

    [Fact]
    public void Version_1_answers_as_clients_of_old_expect()
    {
        string uuid = _machine.Create(""", "customer_metadata": {"k": ".v\n.."}""");
        using var agent = new RunningAgent(_machine);
        using var raw = new RawClient(Socket(uuid));
        Assert.Equal("invalid command\n", raw.Ask("\n", 1));
        Assert.Equal("SUCCESS\n..v\n...\n.\n", raw.Ask("GET k\n", 4));
        Assert.Equal("NOTFOUND\n", raw.Ask("GET nothing\n", 1));
        Assert.Equal("SUCCESS\nk\n.\n", raw.Ask("KEYS\n", 3));
        Assert.Equal("FAILURE\n", raw.Ask("PUT a b\n", 1));
        Assert.Equal("FAILURE\n", raw.Ask("NEGOTIATE V3\n", 1));
        Assert.Equal("V2_OK\n", raw.Ask("NEGOTIATE V2\n", 1));
        // A damaged frame has no answer; an empty line after it finds the place again.
        Assert.Equal("invalid command\n", raw.Ask("V2 25 00000000 dc4fae17 GET c2RjOnV1aWQ=\n\n", 1));
    }

    /// <summary>What DataSourceSmartOS of cloud-init sends over one connection, in its order, and how it reads what comes back.</summary>
    [Fact]
    public void The_datasource_of_cloud_init_has_all_that_it_asks_for()
    {
        string uuid = _machine.Create("""
            , "alias": "c", "hostname": "ci", "dns_domain": "example.org", "resolvers": ["9.9.9.9"], "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}],
            "routes": {"10.1.0.0/16": "10.0.0.1"},
            "customer_metadata": {"root_authorized_keys": "ssh-ed25519 AAAA one\n", "cloud-init:user-data": "#cloud-config\nwrite_files: []\n", "user-script": "#!/bin/sh\n", "user-data": "ü"},
            "internal_metadata": {"operator-script": "#!/bin/sh op\n"}
            """);
        using var agent = new RunningAgent(_machine);
        using var raw = new RawClient(Socket(uuid));
        Assert.Equal("V2_OK\n", raw.Ask("NEGOTIATE V2\n", 1));
        uint id = 0xfffffff0;
        foreach (var (key, value) in (ReadOnlySpan<(string, string?)>)[
            ("sdc:uuid", uuid), ("hostname", null), ("root_authorized_keys", "ssh-ed25519 AAAA one\n"), ("user-script", "#!/bin/sh\n"), ("user-data", "ü"),
            ("cloud-init:user-data", "#cloud-config\nwrite_files: []\n"), ("iptables_disable", null), ("motd_sys_info", null), ("sdc:datacenter_name", null),
            ("sdc:vendor-data", null), ("sdc:operator-script", "#!/bin/sh op\n"), ("sdc:hostname", "ci"), ("sdc:dns_domain", "example.org"), ("sdc:resolvers", """["9.9.9.9"]"""),
            ("sdc:routes", """[{"linklocal":false,"dst":"10.1.0.0/16","gateway":"10.0.0.1"}]""")])
        {
            Assert.Equal((value is null ? "NOTFOUND" : "SUCCESS", value), Get(key));
        }
        var nic = JsonNode.Parse(Get("sdc:nics").Value!)![0]!;
        Assert.Equal(("net0", "10.0.0.5", "255.255.255.0", true), ((string?)nic["interface"], (string?)nic["ip"], (string?)nic["netmask"], (bool)nic["primary"]!));

        (string Outcome, string? Value) Get(string key)
        {
            string asked = $"{++id:x8} GET {Convert.ToBase64String(Encoding.UTF8.GetBytes(key))}";
            string[] words = raw.Ask($"V2 {asked.Length} {Crc32.Of(Encoding.ASCII.GetBytes(asked)):x8} {asked}\n", 1).TrimEnd('\n').Split(' ', 4);
            Assert.Equal(("V2", words[3].Length), (words[0], int.Parse(words[1])));
            Assert.Equal($"{Crc32.Of(Encoding.ASCII.GetBytes(words[3])):x8}", words[2]); // compared as text: eight digits, small
            string[] body = words[3].Split(' ');
            Assert.Equal($"{id:x8}", body[0]);
            return (body[1], body.Length == 3 ? Encoding.UTF8.GetString(Convert.FromBase64String(body[2])) : null);
        }
    }

    [Fact]
    public void One_whose_files_are_damaged_harms_no_other()
    {
        string broken = _machine.Create(), whole = _machine.Create();
        using var agent = new RunningAgent(_machine);
        File.WriteAllText(_machine.At($"zones/{broken}/config/metadata.json"), "{");
        Assert.Equal((2, ""), Guest(broken, "mdata-get", "k"));
        Assert.Equal((1, ""), Guest(whole, "mdata-get", "k"));
        File.WriteAllText(_machine.At($"zones/{broken}/config/metadata.json"), """{"customer_metadata": {"k": "v"}}""");
        Assert.Equal((0, "v\n"), Guest(broken, "mdata-get", "k"));
    }

    private string Socket(string uuid) => Path.Combine(_machine.Layout.ControlFolder(ZoneName.Parse(uuid)), "metadata.sock");

    private (int Status, string Out) Guest(string uuid, params string[] words) => Run(uuid, null, words);

    private (int Status, string Out) GuestWith(string uuid, string input, params string[] words) => Run(uuid, Encoding.UTF8.GetBytes(input), words);

    private (int Status, string Out) Run(string uuid, byte[]? input, params string[] words)
    {
        using var output = new MemoryStream();
        var context = new AppletContext
        {
            Name = words[0],
            Args = words[1..],
            OpenInput = () => new MemoryStream(input ?? []),
            OpenOutput = () => output,
            Error = new StringWriter(),
            InputIsTerminal = () => input is null,
        };
        int status = words[0] switch
        {
            "mdata-get" => Mdata.Get(context, Socket(uuid)),
            "mdata-put" => Mdata.Put(context, Socket(uuid)),
            "mdata-delete" => Mdata.Delete(context, Socket(uuid)),
            _ => Mdata.List(context, Socket(uuid)),
        };
        return (status, Encoding.UTF8.GetString(output.ToArray()));
    }
}
