using System.Text;
using Lumos.Core;
using Lumos.Node.Disks;
using Lumos.Node.FirstBoot;
using Xunit;

namespace Lumos.Node.Tests;

public class InterviewTests
{
    private const string Good = """
        { "admin_nic": "52:54:00:00:00:01", "admin_ip": "10.0.2.15", "admin_netmask": "255.255.255.0",
          "headnode_default_gateway": "10.0.2.2", "dns_resolver1": "10.0.2.3", "dns_resolver2": "<default>", "dns_search": "example.org",
          "ntp_host": "time.example.org", "zpool_layout": "<default>", "root_password": "secret", "hostname": "node-1",
          "skip_instructions": true, "root_authorized_keys": ["ssh-ed25519 AAAA me", "ssh-rsa BBBB you"] }
        """;

    [Fact]
    public void Good_answers_give_the_configuration_of_smartos()
    {
        var spec = Conduct(Good).Spec!;
        string config = UsbKeyConfig.Write(spec).ToString();
        Assert.Equal("""
            # Written at the first boot; edit it, then reboot. A shell can source it: key=value, one a line.

            admin_nic=52:54:00:00:00:01
            admin_ip=10.0.2.15
            admin_netmask=255.255.255.0
            admin_network=10.0.2.0
            admin_gateway=10.0.2.2
            headnode_default_gateway=10.0.2.2
            dns_resolvers=10.0.2.3,8.8.4.4
            dns_domain=example.org
            ntp_hosts=time.example.org
            compute_node_ntp_hosts=time.example.org
            hostname=node-1
            smt_enabled=true
            root_authorized_keys_file=authorized_keys

            """, config);
        Assert.Equal("raidz1", spec.Layout.Profile);
        Assert.Equal("ssh-ed25519 AAAA me\nssh-rsa BBBB you", spec.AuthorizedKeys);
    }

    [Fact]
    public void With_dhcp_neither_netmask_nor_gateway_nor_resolvers_are_written()
    {
        var result = Conduct("""{ "admin_ip": "dhcp", "root_password": "x" }""");
        string config = UsbKeyConfig.Write(result.Spec!).ToString();
        Assert.Contains("admin_ip=dhcp\n", config, StringComparison.Ordinal);
        Assert.Contains("hostname=52-54-00-00-00-01\n", config, StringComparison.Ordinal);
        Assert.DoesNotContain("netmask", config, StringComparison.Ordinal);
        Assert.DoesNotContain("gateway", config, StringComparison.Ordinal);
        Assert.DoesNotContain("resolvers", config, StringComparison.Ordinal);
        Assert.Contains(result.Defaulted, s => s.StartsWith("zpool_layout", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("admin_nic", "\"52:54:00:00:00:99\"", "none of 1 = eth0")]
    [InlineData("admin_ip", "\"10.0.2\"", "neither")]
    [InlineData("admin_ip", "\"10.0.2.300\"", "neither")]
    [InlineData("admin_ip", "\"224.0.0.1\"", "neither")]
    [InlineData("admin_ip", "\"<default>\"", "has no default")]
    [InlineData("admin_ip", "\"10.0.2.255\"", "is 255.255.255.0, with which admin_ip")]
    [InlineData("admin_netmask", "\"255.0.255.0\"", "not a netmask")]
    [InlineData("headnode_default_gateway", "\"10.0.3.1\"", "not in the admin network")]
    [InlineData("headnode_default_gateway", "\"10.0.2.15\"", "own admin_ip")]
    [InlineData("dns_resolver1", "\"ns1\"", "not an IP address")]
    [InlineData("dns_search", "\"a b\"", "not a domain name")]
    [InlineData("ntp_host", "\"-x\"", "neither a host name")]
    [InlineData("zpool_layout", "\"raid5\"", "unknown layout raid5")]
    [InlineData("zpool_layout", "\"raidz2\"", "no acceptable raidz2 layout is possible with 4 disks")]
    [InlineData("zpool_layout", "\"manual\"", "person at the console")]
    [InlineData("zpool_confirm_layout", "\"n\"", "not agreed")]
    [InlineData("bootpool", "\"zones\"", "not supported yet")]
    [InlineData("pisource", "\"media\"", "not supported yet")]
    [InlineData("install_pkgsrc", "true", "not supported yet")]
    [InlineData("root_password", "\"\"", "is empty")]
    [InlineData("hostname", "\"a_b!\"", "not a host name")]
    [InlineData("root_authorized_keys", "\"hello\"", "no ssh public key")]
    [InlineData("colour", "\"blue\"", "is not a key of answers.json")]
    [InlineData("hostname", "{}", "has to be a string")]
    public void A_wrong_answer_is_named_by_its_key(string key, string json, string part)
    {
        var document = System.Text.Json.Nodes.JsonNode.Parse(Good)!.AsObject();
        document[key] = System.Text.Json.Nodes.JsonNode.Parse(json);
        var result = Conduct(document.ToJsonString());
        Assert.Null(result.Spec);
        Assert.Contains(result.Faults, f => f.ToString().Contains(part, StringComparison.Ordinal));
        if (part != "is 255.255.255.0, with which admin_ip")
        {
            Assert.Equal(key, Assert.Single(result.Faults).Key);
        }
    }

    [Fact]
    public void All_faults_are_told_at_once() =>
        Assert.Equal(
            ["admin_ip", "zpool_layout", "root_password"],
            Conduct("""{ "admin_ip": "x", "zpool_layout": "raid5" }""").Faults.Select(f => f.Key));

    [Fact]
    public void Disks_that_hold_data_are_not_taken_and_named()
    {
        var host = Host() with { ForeignDisks = new Dictionary<string, string> { ["vdb"] = "ext4" } };
        var fault = Assert.Single(Conduct(Good, host).Faults);
        Assert.Equal("zpool_layout", fault.Key);
        Assert.Contains("vdb holds ext4", fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Disks_in_use_are_named_when_none_is_left()
    {
        var host = Host() with { FreeDisks = [], BusyDisks = ["sda"], ForeignPools = ["tank"] };
        string what = Assert.Single(Conduct(Good, host).Faults).What;
        Assert.Contains("no primary storage disks", what, StringComparison.Ordinal);
        Assert.Contains("sda", what, StringComparison.Ordinal);
        Assert.Contains("tank", what, StringComparison.Ordinal);
    }

    [Fact]
    public void With_two_nics_the_admin_nic_has_to_be_answered_by_number_name_or_mac()
    {
        var host = Host() with { Links = [Link("eth0", 1), Link("eth1", 2)] };
        Assert.Equal("admin_nic", Assert.Single(Conduct("""{ "admin_ip": "dhcp", "root_password": "x" }""", host).Faults).Key);
        foreach (string answer in (string[])["2", "eth1", "52:54:00:00:00:02"])
        {
            string json = $$"""{ "admin_nic": "{{answer}}", "admin_ip": "dhcp", "root_password": "x" }""";
            Assert.Equal(Link("eth1", 2).Mac, Conduct(json, host).Spec!.AdminNic);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("{\"a\":1,\"a\":2}")]
    public void What_is_no_json_object_is_refused_with_its_origin(string text)
    {
        var error = Assert.Throws<LumosException>(() => Answers.Parse(text, "the place", []));
        Assert.Equal("BadAnswers", error.Code);
        Assert.Contains("the place", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_boot_argument_is_base64_with_or_without_padding()
    {
        string json = """{"admin_ip":"dhcp"}""";
        string base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(json));
        Assert.Equal(json, AnswerSource.FromArgument(base64));
        Assert.Equal(json, AnswerSource.FromArgument(base64.TrimEnd('=')));
        Assert.Throws<LumosException>(() => AnswerSource.FromArgument("%%%"));
        Assert.Contains("not supported", Assert.Throws<LumosException>(() => AnswerSource.FromArgument("http://x/y")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_has_the_21_keys_of_smartos_and_one_of_ours() =>
        Assert.Equal(22, Questions.All.Select(q => q.Key).Distinct().Count());

    internal static InterviewResult Conduct(string json, HostFacts? host = null)
    {
        var faults = new List<AnswerFault>();
        return Interview.Conduct(Answers.Parse(json, "test", faults), host ?? Host(), faults);
    }

    internal static HostFacts Host() => new()
    {
        Links = [Link("eth0", 1)],
        FreeDisks = [.. "abcd".Select(c => new Disk($"vd{c}", "VIRTIO", "", "", 8L << 30, false, false))],
        Memory = 2L << 30,
        HardwareUuid = "11111111-2222-3333-4444-555555555555",
    };

    private static HostLink Link(string name, int last) => new(name, MacAddress.Parse($"52:54:00:00:00:0{last}"));
}
