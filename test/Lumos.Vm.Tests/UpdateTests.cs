using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Applets.Verbs;
using Lumos.Vm.Update;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class UpdateTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly string _uuid;

    public UpdateTests() => _uuid = _machine.Create("""
        , "ram": 512, "alias": "old", "tags": {"a": "1", "b": "2"}, "customer_metadata": {"k": "v"},
        "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0", "gateway": "10.0.0.1"}, {"nic_tag": "admin", "ips": ["8.8.4.4/24"]}, {"nic_tag": "admin", "ip": "dhcp"}]
        """);

    public void Dispose() => _machine.Dispose();

    private Run Update(string payload) => _machine.Vmadm(payload, "update", _uuid);

    [Fact]
    public void Scalars_are_replaced_and_unset_by_null_or_nothing()
    {
        Assert.Equal($"alias, cpu_cap: live\nSuccessfully updated VM {_uuid}\n", Update("""{"alias": "new", "cpu_cap": 200}""").Error);
        Assert.Equal(("new", 200), ((string?)_machine.Get(_uuid)["alias"], (int)_machine.Get(_uuid)["cpu_cap"]!));
        Assert.Equal(200, _machine.Runtime.LastLimits!.CpuCap);
        Update("""{"alias": null, "cpu_cap": 0}""");
        Assert.False(_machine.Get(_uuid).ContainsKey("alias"));
        Assert.False(_machine.Get(_uuid).ContainsKey("cpu_cap"));
        Assert.Null(_machine.Runtime.LastLimits!.CpuCap);
        Assert.Equal(0, _machine.Vmadm(null, "update", _uuid, "alias=third", "max_lwps=1000").Status);
        Assert.Equal(("third", 1000), ((string?)_machine.Get(_uuid)["alias"], (int)_machine.Get(_uuid)["max_lwps"]!));
        Assert.Equal(0, _machine.Vmadm(null, "update", _uuid, "alias=").Status);
        Assert.False(_machine.Get(_uuid).ContainsKey("alias"));
    }

    [Fact]
    public void Each_kind_of_effect_has_its_line()
    {
        var before = _machine.Host.Load(_uuid).Spec;
        var after = before.With("cpu_cap", 50).With("init_name", "/sbin/other").With("disks", new JsonArray(new JsonObject { ["path"] = "/dev/zvol/x" })).With("hostname", "h");
        Assert.Equal(
        [
            "cpu_cap: live",
            "init_name: takes effect when the VM is next started or rebooted by vmadm",
            "disks: changed while the VM is stopped, as it has to be",
            "hostname: recorded; what is in the VM was written when it was made",
        ], UpdateVerb.Effects(UpdatePlanner.Between(before, after), _uuid));
    }

    [Fact]
    public void Quota_is_live_and_zero_is_none()
    {
        Update("""{"quota": 30}""");
        Assert.Equal((30L << 30).ToString(), _machine.Datasets.GetProperties(DatasetName.Parse("zones/" + _uuid), "quota")["quota"]);
        Update("""{"quota": 0}""");
        Assert.Equal(0, (int)_machine.Get(_uuid)["quota"]!);
    }

    [Fact]
    public void Memory_moves_what_hangs_on_it()
    {
        Update("""{"max_swap": 1024}""");
        Update("""{"max_physical_memory": 1024}""");
        var vm = _machine.Get(_uuid);
        Assert.Equal((1024, 1024, 1536, 1024), ((int)vm["ram"]!, (int)vm["max_locked_memory"]!, (int)vm["max_swap"]!, (int)vm["tmpfs"]!));
        Assert.Equal(1024L << 20, _machine.Runtime.LastLimits!.MemoryBytes);
    }

    [Fact]
    public void Maps_are_merged_by_set_and_remove()
    {
        Update("""{"set_tags": {"a": 5, "c": true}, "remove_tags": ["b", "zzz"], "set_customer_metadata": {"n": "w"}, "remove_customer_metadata": ["k"]}""");
        var vm = _machine.Get(_uuid);
        Assert.Equal("""{"a":5,"c":true}""", vm["tags"]!.ToJsonString());
        Assert.Equal("""{"n":"w"}""", vm["customer_metadata"]!.ToJsonString());
        Assert.Equal("{\n  \"a\": 5,\n  \"c\": true\n}\n", File.ReadAllText(_machine.At($"zones/{_uuid}/config/tags.json")));
    }

    [Fact]
    public void Nics_are_changed_by_their_MAC()
    {
        var run = Update("""
            {"update_nics": [{"mac": "2:0:0:0:0:1", "ip": "10.0.0.9", "gateway": null}], "remove_nics": ["02:00:00:00:00:03"],
             "add_nics": [{"nic_tag": "admin", "ip": "dhcp", "mtu": 1400}]}
            """);
        Assert.Equal((0, $"nics: takes effect when the VM is next started or rebooted by vmadm\nSuccessfully updated VM {_uuid}\n"), (run.Status, run.Error));
        Assert.Equal("""
            [{"interface":"net0","mac":"02:00:00:00:00:01","nic_tag":"admin","netmask":"255.255.255.0","ip":"10.0.0.9","ips":["10.0.0.9/24"],"primary":true},{"interface":"net1","mac":"02:00:00:00:00:02","nic_tag":"admin","netmask":"255.255.255.0","ip":"8.8.4.4","ips":["8.8.4.4/24"]},{"interface":"net2","mac":"02:00:00:00:00:04","nic_tag":"admin","ip":"dhcp","ips":["dhcp"],"mtu":1400}]
            """, _machine.Get(_uuid)["nics"]!.ToJsonString());
    }

    [Fact]
    public void Who_gives_out_addresses_is_told_of_NICs_made_changed_and_gone()
    {
        Assert.NotEmpty(_machine.NicsLookedAt);
        Assert.All(_machine.NicsLookedAt, seen => Assert.Equal("02:00:00:00:00:01 02:00:00:00:00:02 02:00:00:00:00:03", seen));
        Update("""{"remove_nics": ["02:00:00:00:00:03"]}""");
        Assert.Equal("02:00:00:00:00:01 02:00:00:00:00:02", _machine.NicsLookedAt[^1]);
        _machine.Vmadm(null, "delete", _uuid);
        Assert.Equal("gone", _machine.NicsLookedAt[^1]);
    }

    [Fact]
    public void One_NIC_is_primary_and_a_public_one_steps_up()
    {
        Update("""{"update_nics": [{"mac": "02:00:00:00:00:03", "primary": true}]}""");
        Assert.Equal("02:00:00:00:00:03", Primary());
        Update("""{"remove_nics": ["02:00:00:00:00:03"]}""");
        Assert.Equal("02:00:00:00:00:02", Primary());
    }

    [Fact]
    public void An_unknown_MAC_is_a_fault_and_changes_nothing()
    {
        var run = Update("""{"alias": "x", "remove_nics": ["02:00:00:00:00:99"]}""");
        Assert.Equal((1, "remove_nics: the VM has no NIC with MAC 02:00:00:00:00:99\n"), (run.Status, run.Error));
        Assert.Equal("old", (string?)_machine.Get(_uuid)["alias"]);
    }

    [Fact]
    public void What_update_does_not_take_is_named_with_the_way_that_works()
    {
        var run = Update("""{"tags": {}, "brand": "lx", "nonsense": 1}""");
        Assert.Equal(0, run.Status);
        Assert.Equal($"""
            Warning: "tags" cannot be given at update (use set_tags, remove_tags), and is left out
            Warning: "brand" cannot be given at update, and is left out
            Warning: "nonsense" is not a property vmadm knows, and is left out
            nothing changed: VM {_uuid} is so already
            Successfully updated VM {_uuid}

            """.ReplaceLineEndings("\n"), run.Error);
        Assert.Equal(1, _machine.Vmadm("""{"tags": {}}""", "update", "--strict", _uuid).Status);
    }

    [Theory]
    [InlineData("""{"nics": []}""", "nics cannot be given at update: use add_nics, update_nics, remove_nics\n")]
    [InlineData("""{"nics.0.ip": "1.2.3.4"}""", "nics.0.ip cannot be given at update: use add_nics, update_nics, remove_nics\n")]
    [InlineData("""{"disks": []}""", "disks cannot be given at update: use add_disks, update_disks, remove_disks\n")]
    [InlineData("""{"filesystems": []}""", "filesystems cannot be given at update: use add_filesystems, update_filesystems, remove_filesystems\n")]
    [InlineData("""{"update_nics": [{"interface": "net0", "ip": "dhcp"}]}""",
        "Missing required properties: update_nics.*.mac\nupdate_nics: a NIC is named by its mac; interface net0 alone names none\n")]
    public void What_would_change_nothing_and_look_like_success_is_refused(string payload, string said)
    {
        var run = Update(payload);
        Assert.Equal((1, said), (run.Status, run.Error));
    }

    [Fact]
    public void Disks_are_of_other_brands() =>
        Assert.Contains("\"add_disks\" is not a property of brand joyent", Update("""{"add_disks": [{"size": 10}]}""").Error);

    [Fact]
    public void Resolvers_reach_the_zone_when_they_are_maintained()
    {
        string file = _machine.At($"zones/{_uuid}/root/etc/resolv.conf");
        Assert.Contains("maintain_resolvers=true", Update("""{"resolvers": ["9.9.9.9"]}""").Error);
        Assert.False(File.Exists(file));
        Update("""{"maintain_resolvers": true}""");
        Assert.Equal("search local\nnameserver 9.9.9.9\n", File.ReadAllText(file));
        Update("""{"resolvers": "1.1.1.1,2606:4700::1111"}""");
        Assert.Equal("search local\nnameserver 1.1.1.1\nnameserver 2606:4700::1111\n", File.ReadAllText(file));
    }

    [Fact]
    public void What_others_wrote_in_the_zone_configuration_is_kept()
    {
        string file = _machine.At($"etc/zones/{_uuid}.xml");
        File.WriteAllText(file, File.ReadAllText(file).Replace("</zone>", "<attr name=\"mine\" type=\"string\" value=\"x\"/></zone>"));
        Update("""{"alias": "y"}""");
        Assert.Contains("name=\"mine\"", File.ReadAllText(file));
    }

    private string? Primary() => (string?)_machine.Get(_uuid)["nics"]!.AsArray().Single(n => n!["primary"] is not null)!["mac"];
}
