using Lumos.Vm.Payload;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Values that a VM could not live with are refused when they are given, not when it boots.</summary>
public sealed class OddPayloadTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly string _uuid;

    public OddPayloadTests() =>
        _uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}, {"nic_tag": "admin", "ip": "dhcp"}]""");

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("""{"quota": 99999999999999}""", "quota 99999999999999 is not within 0 to 4294967296")]
    [InlineData("""{"max_physical_memory": 9223372036854775807}""", "max_physical_memory 9223372036854775807 is not within")]
    [InlineData("""{"tmpfs": 9223372036854775807}""", "is not within")]
    [InlineData("""{"cpu_cap": 9999999999}""", "cpu_cap 9999999999 is not within 0 to 1000000")]
    [InlineData("""{"owner_uuid": "me"}""", "owner_uuid \"me\" is not a UUID")]
    [InlineData("""{"set_tags": "{\"a\":1}"}""", """set_tags "{\"a\":1}" is not an object of keys and values""")]
    [InlineData("""{"set_tags": {"a": null}}""", "neither a text, a number nor a boolean")]
    [InlineData("""{"update_nics": [{"mac": "02:00:00:00:00:01", "nic_tag": null}]}""", "Missing required properties: nics.*.nic_tag")]
    [InlineData("""{"update_nics": [{"mac": "02:00:00:00:00:01", "interface": "../x"}]}""", "\"../x\" is not a link name")]
    [InlineData("""{"update_nics": [{"mac": "02:00:00:00:00:01", "interface": "net1"}]}""", "\"net1\" is given to two NICs")]
    [InlineData("""{"add_nics": [{"ip": "dhcp"}]}""", "Missing required properties: nics.*.nic_tag")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["fd00::1/64"], "gateway": "fd00::2"}]}""", "\"fd00::2\" is not an IPv4 address")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["10.0.0.5/24"]}]}""", "10.0.0.5 is given to two NICs")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ip": "10.0.0.6"}]}""", "nics.*.netmask is needed with ip 10.0.0.6")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["224.0.0.1/24"]}]}""", "224.0.0.1 is no address that a NIC can have")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["127.0.0.1/8"]}]}""", "127.0.0.1 is no address that a NIC can have")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["0.0.0.0/0"]}]}""", "0.0.0.0 is no address that a NIC can have")]
    [InlineData("""{"add_nics": [{"nic_tag": "admin", "ips": ["ff02::1/64"]}]}""", "ff02::1 is no address that a NIC can have")]
    [InlineData("""{"update_nics": [{"mac": "02:00:00:00:00:01", "gateway": "10.0.0.5"}]}""", "10.0.0.5 is the NIC's own address")]
    [InlineData("""{"set_routes": {"10.9.0.0/16": "10.0.0.1"}, "remove_nics": ["02:00:00:00:00:01", "02:00:00:00:00:02"]}""", "routes lead to 10.9.0.0/16 through 10.0.0.1, and the VM has no NIC")]
    [InlineData("""{"remove_nics": ["net0"]}""", "remove_nics: the VM has no NIC with MAC net0")]
    public void It_is_refused_by_name_and_nothing_changes(string payload, string said)
    {
        string before = _machine.Vmadm(null, "get", _uuid).Out;
        var run = _machine.Vmadm(payload, "update", _uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n'), line => line.Contains(said, StringComparison.Ordinal)); // told once
        Assert.Equal(before, _machine.Vmadm(null, "get", _uuid).Out);
    }

    [Fact]
    public void A_NIC_that_loses_its_name_gets_the_lowest_that_is_free()
    {
        Assert.Equal(0, _machine.Vmadm("""{"update_nics": [{"mac": "02:00:00:00:00:01", "interface": null}]}""", "update", _uuid).Status);
        Assert.Equal(["net0", "net1"], _machine.Get(_uuid)["nics"]!.AsArray().Select(n => (string?)n!["interface"]).Order());
    }

    [Fact]
    public void More_threads_than_the_kernel_counts_are_bent_with_a_word()
    {
        var run = _machine.Vmadm("""{"max_lwps": 99999999999}""", "update", _uuid);
        Assert.Equal(0, run.Status);
        Assert.Contains("Warning: max_lwps: 99999999999 given, 4194304 used (it cannot be more)\n", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, _machine.Vmadm("""{"max_lwps": 99999999999}""", "update", "--strict", _uuid).Status);
    }

    [Theory]
    [InlineData("\"mdata_exec_timeout\": 9223372036854775807", "mdata_exec_timeout 9223372036854775807 is not within 0 to 31536000")]
    [InlineData("\"brand\": \"lx\", \"kernel_version\": \"12345678901234567890123456789012345678901234567890123456789012345\"", "kernel_version is of 65 characters; uname has room for 64")]
    [InlineData("\"routes\": {\"10.9.0.0/16\": \"10.0.0.1\"}", "and the VM has no NIC")]
    [InlineData("\"set_tags\": {\"a\": 1}", "\"set_tags\" cannot be given at create (give tags), and is left out")]
    public void So_it_is_at_create(string property, string said)
    {
        string image = property.Contains("lx", StringComparison.Ordinal) ? TestMachine.LxImage : TestMachine.NativeImage;
        var run = _machine.Vmadm($$"""{"image_uuid": "{{image}}", {{property}}}""", "create", "--strict");
        Assert.Equal(1, run.Status);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_a_map_is_told_how_it_is_set() => Assert.Contains(
        "Warning: \"tags.role\" is not a property vmadm knows (a key is set by set_tags), and is left out\n",
        _machine.Vmadm(null, "update", _uuid, "tags.role=web").Error, StringComparison.Ordinal);

    [Fact]
    public void A_NIC_has_twenty_addresses_and_with_those_allowed_thirty_two()
    {
        string Ips(int count) => string.Join(',', Enumerable.Range(1, count).Select(i => $"\"10.2.0.{i}/24\""));
        string Allowed(int count) => string.Join(',', Enumerable.Range(1, count).Select(i => $"\"10.3.0.{i}\""));
        Run Create(int ips, int allowed) => _machine.Vmadm($$"""
            {"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "autoboot": false, "nics": [{"nic_tag": "admin", "ips": [{{Ips(ips)}}], "allowed_ips": [{{Allowed(allowed)}}]}]}
            """, "create");
        Assert.Contains($"nics.*.ips holds 21 addresses; {NicRules.MaxIps} is the most", Create(21, 0).Error, StringComparison.Ordinal);
        Assert.Contains($"more than {NicProtection.MostAddresses} addresses together", Create(20, 13).Error, StringComparison.Ordinal);
        Assert.Equal(0, Create(20, 12).Status);
    }

    [Fact]
    public void One_NIC_is_primary_and_two_are_refused() => Assert.Contains("nics.*.primary is true of more than one NIC", _machine.Vmadm($$"""
        {"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "nics": [{"nic_tag": "admin", "ip": "dhcp", "primary": true}, {"nic_tag": "admin", "ip": "dhcp", "primary": true}]}
        """, "create").Error, StringComparison.Ordinal);
}
