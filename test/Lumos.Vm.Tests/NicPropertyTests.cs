using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What a NIC may send and where it is: checked, kept, shown, in conflict with others.</summary>
public sealed class NicPropertyTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public NicPropertyTests() => _machine.OtherTags = [new NicTagFacts("plain", 1500) { LeastMtu = 1500, NoVlans = "its bridge has no VLANs" }];

    public void Dispose() => _machine.Dispose();

    private Run Create(string nic) =>
        _machine.Vmadm($$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "nics": [{{nic}}]}""", "create");

    [Fact]
    public void What_is_not_enforced_yet_is_kept_and_shown_and_its_change_waits_for_nothing()
    {
        string uuid = _machine.Create("""
            , "firewall_enabled": true, "nics": [{"nic_tag": "admin", "ip": "dhcp", "allow_ip_spoofing": true, "allow_mac_spoofing": 1, "dhcp_server": "true",
              "allowed_ips": ["10.0.0.7", "10.9.0.0/16"], "allowed_dhcp_cids": ["0x00aB"], "blocked_outgoing_ports": [25], "network_uuid": "11111111-1111-4111-8111-111111111111"}]
            """);
        var nic = _machine.Get(uuid)["nics"]![0]!.AsObject();
        Assert.Equal((true, true, true), ((bool)nic["allow_ip_spoofing"]!, (bool)nic["allow_mac_spoofing"]!, (bool)nic["dhcp_server"]!));
        Assert.Equal("""["10.0.0.7","10.9.0.0/16"]""", nic["allowed_ips"]!.ToJsonString());
        Assert.True((bool)_machine.Get(uuid)["firewall_enabled"]!);
        var run = _machine.Vmadm("""{"update_nics": [{"mac": "02:00:00:00:00:01", "allow_ip_spoofing": false, "allowed_ips": null}]}""", "update", uuid);
        Assert.Equal((0, $"nics: live\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        Assert.False(_machine.Get(uuid)["nics"]![0]!.AsObject().ContainsKey("allowed_ips"));
        Assert.Contains("not enforced yet", _machine.Vmadm(null, "help", "nics.*.allow_ip_spoofing").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"allowed_ips\": [\"x\"]", "\"x\" is neither an address nor a network")]
    [InlineData("\"allowed_ips\": [\"10.1.0.1\",\"10.1.0.2\",\"10.1.0.3\",\"10.1.0.4\",\"10.1.0.5\",\"10.1.0.6\",\"10.1.0.7\",\"10.1.0.8\",\"10.1.0.9\",\"10.1.0.10\",\"10.1.0.11\",\"10.1.0.12\",\"10.1.0.13\",\"10.1.0.14\"]", "holds 14 addresses; 13 is the most")]
    [InlineData("\"allowed_dhcp_cids\": [\"0xabc\"]", "is not 0x and hexadecimal digits")]
    [InlineData("\"blocked_outgoing_ports\": [0]", "\"0\" is not a port")]
    [InlineData("\"vrrp_vrid\": 256", "is not within 0 to 255")]
    [InlineData("\"vrrp_primary_ip\": \"10\"", "\"10\" is not an address")]
    [InlineData("\"vlan_id\": 4095", "is not within 0 to 4094")]
    [InlineData("\"vlan_id\": 7, \"nic_tag\": \"plain\"", "7 cannot be set up on nic tag plain: its bridge has no VLANs")]
    [InlineData("\"mtu\": 1400, \"nic_tag\": \"plain\"", "1400 is less than 1500, the least on nic tag plain")]
    public void What_cannot_be_is_refused(string property, string why)
    {
        string tag = property.Contains("nic_tag", StringComparison.Ordinal) ? "" : "\"nic_tag\": \"admin\", ";
        var run = Create($$"""{{{tag}}"ip": "dhcp", {{property}}}""");
        Assert.Equal(1, run.Status);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"ips\": [\"10.0.0.5/24\"], \"netmask\": \"255.255.0.0\"", "nics.*.netmask: 255.255.0.0 given, 255.255.255.0 used (it is that of 10.0.0.5/24)")]
    [InlineData("\"ip\": \"10.0.0.5/24\", \"netmask\": \"255.255.0.0\"", "nics.*.netmask: 255.255.0.0 given, 255.255.255.0 used (it is that of 10.0.0.5/24)")]
    [InlineData("\"ip\": \"dhcp\", \"netmask\": \"255.255.0.0\"", "nics.*.netmask 255.255.0.0 is left out: dhcp has none")]
    [InlineData("\"netmask\": \"255.255.0.0\"", "nics.*.netmask 255.255.0.0 is left out: the NIC has no address")]
    [InlineData("\"ips\": [\"10.0.0.5/24\", \"10.0.0.6/24\"], \"ip\": \"10.0.0.6\"", "nics.*.ip: 10.0.0.6 given, 10.0.0.5 used (it is the first of ips, which are given too)")]
    [InlineData("\"ip\": \"dhcp\", \"gateway\": \"10.0.0.1\", \"gateways\": [\"10.0.0.2\", \"10.0.0.1\"]", "nics.*.gateway: 10.0.0.1 given, 10.0.0.2 used (it is the first of gateways, which are given too)")]
    [InlineData("\"ip\": \"dhcp\", \"mac\": \"02:0:0:0:0:aa\", \"vrrp_vrid\": 17", "nics.*.mac: 02:00:00:00:00:aa given, 00:00:5e:00:01:11 used (vrrp_vrid says which it is)")]
    public void What_contradicts_itself_is_told_and_refused_by_strict(string properties, string said)
    {
        string payload = $$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "autoboot": false, "nics": [{"nic_tag": "admin", {{properties}}}]}""";
        var strict = _machine.Vmadm(payload, "create", "--strict");
        Assert.Equal((1, $"the payload is not taken as it stands (--strict):\n  {said}\n"), (strict.Status, strict.Error));
        var run = _machine.Vmadm(payload, "create");
        Assert.Equal(0, run.Status);
        Assert.StartsWith($"Warning: {said}\nSuccessfully", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_NIC_as_get_shows_it_and_a_new_address_contradict_nothing()
    {
        string uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ips": ["10.0.0.5/24", "fd00::5/64"], "gateways": ["10.0.0.1", "10.0.0.2"]}]""");
        var nic = _machine.Get(uuid)["nics"]![0]!.AsObject();
        foreach (string change in (string[])["\"ip\": \"10.0.0.9\"", "\"ip\": \"10.0.0.9/16\"", "\"ip\": \"dhcp\"", "\"gateway\": \"10.0.0.3\"", "\"gateways\": [\"10.0.0.4\"]"])
        {
            var run = _machine.Vmadm($$"""{"update_nics": [{"mac": "{{nic["mac"]}}", {{change}}}]}""", "update", "--strict", uuid);
            Assert.True(run.Status == 0, run.Error);
            Assert.DoesNotContain("Warning", run.Error, StringComparison.Ordinal);
        }
        nic.Remove("mac");
        nic.Remove("interface");
        var copy = _machine.Vmadm(new JsonObject { ["add_nics"] = new JsonArray(nic.DeepClone()) }.ToJsonString(), "update", "--strict", uuid);
        Assert.True(copy.Status == 0, copy.Error);
    }

    [Fact]
    public void An_address_is_taken_on_its_tag_and_VLAN_alone()
    {
        const string nic = "{\"nic_tag\": \"admin\", \"ip\": \"10.0.0.5\", \"netmask\": \"255.255.255.0\", \"vlan_id\": ";
        Assert.Equal(0, Create(nic + "7}").Status);
        Assert.Contains("10.0.0.5 on nic tag admin is in use by VM", Create(nic + "7}").Error, StringComparison.Ordinal);
        Assert.Equal(0, Create(nic + "8}").Status);
        Assert.Equal(0, Create(nic + "0}").Status);
        var vms = JsonNode.Parse(_machine.Vmadm(null, "lookup", "-j", "nics.*.vlan_id=7").Out)!.AsArray();
        Assert.Equal(7, (int)Assert.Single(vms)!["nics"]![0]!["vlan_id"]!);
    }

    [Fact]
    public void A_VRRP_id_gives_the_MAC_and_belongs_to_one_VM()
    {
        const string nic = "{\"nic_tag\": \"admin\", \"ip\": \"dhcp\", \"vrrp_vrid\": 17, \"vrrp_primary_ip\": \"10.0.0.9\"}";
        var run = Create(nic);
        Assert.Equal(0, run.Status);
        Assert.Equal("00:00:5e:00:01:11", (string)_machine.Get(run.Error.Trim().Split(' ')[^1])["nics"]![0]!["mac"]!);
        Assert.Contains("nics.*.vrrp_vrid 17 is in use by VM", Create(nic).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_take_the_lowest_free_number()
    {
        string uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "dhcp"}, {"nic_tag": "admin", "ip": "addrconf"}, {"nic_tag": "admin", "ip": "dhcp"}]""");
        _machine.Vmadm("""{"remove_nics": ["02:00:00:00:00:02"], "add_nics": [{"nic_tag": "admin", "ips": ["addrconf"]}]}""", "update", uuid);
        Assert.Equal(["net0", "net2", "net1"], _machine.Get(uuid)["nics"]!.AsArray().Select(n => (string)n!["interface"]!));
    }
}
