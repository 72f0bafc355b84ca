using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What a record of a VM shows beside what was given, and small properties that reach the zone or its dataset.</summary>
public sealed class ShownPropertyTests : IDisposable
{
    private const string Owner = "0aa1f5a0-0000-4000-8000-000000000001";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void What_is_worked_out_is_shown()
    {
        string uuid = _machine.Create("");
        var vm = _machine.Get(uuid);
        Assert.Equal(("running", "running", "OS", false), ((string?)vm["state"], (string?)vm["zone_state"], (string?)vm["type"], (bool)vm["hvm"]!));
        Assert.Equal(("zones", $"zones/{uuid}", _machine.At("zones/" + uuid)), ((string?)vm["zpool"], (string?)vm["zfs_filesystem"], (string?)vm["zonepath"]));
        Assert.Equal(1, (int)vm["v"]!);
        Assert.True((int)vm["pid"]! > 0 && (int)vm["zoneid"]! > 0);
        Assert.True((DateTimeOffset.UtcNow - DateTimeOffset.Parse((string)vm["create_timestamp"]!)).Duration() < TimeSpan.FromMinutes(5));
        Assert.True(DateTimeOffset.Parse((string)vm["boot_timestamp"]!) >= DateTimeOffset.Parse((string)vm["create_timestamp"]!).AddSeconds(-1));
        Assert.Equal("20261120T104500Z", (string?)vm["platform_buildstamp"]);
        string modified = (string)vm["last_modified"]!;
        _machine.Vmadm("""{"alias": "later"}""", "update", uuid);
        Assert.True(DateTimeOffset.Parse((string)_machine.Get(uuid)["last_modified"]!) >= DateTimeOffset.Parse(modified));

        _machine.Vmadm(null, "stop", uuid, "-F");
        vm = _machine.Get(uuid);
        Assert.Equal(("stopped", "installed"), ((string?)vm["state"], (string?)vm["zone_state"]));
        Assert.All(new[] { "pid", "boot_timestamp" }, name => Assert.False(vm.ContainsKey(name), name));
    }

    [Theory]
    [InlineData("joyent", "OS", "net0")]
    [InlineData("joyent-minimal", "OS", "net0")]
    [InlineData("builder", "OS", "net0")]
    [InlineData("lx", "LX", "eth0")]
    public void Every_brand_of_zones_is_made_and_shown(string brand, string type, string link)
    {
        string image = brand == "lx" ? TestMachine.LxImage : TestMachine.NativeImage;
        var run = _machine.Vmadm($$"""{"brand": "{{brand}}", "image_uuid": "{{image}}", "nics": [{"nic_tag": "admin", "ip": "dhcp"}]{{(brand == "lx" ? ", \"kernel_version\": \"6.12.0\"" : "")}} }""", "create");
        Assert.Equal(0, run.Status);
        var vm = _machine.Get(run.Error.Trim().Split(' ')[^1]);
        Assert.Equal((brand, type, "running", link), ((string?)vm["brand"], (string?)vm["type"], (string?)vm["state"], (string?)vm["nics"]![0]!["interface"]));
    }

    [Fact]
    public void Old_spellings_are_taken_and_the_new_ones_shown()
    {
        var run = _machine.Vmadm($$"""{"brand": "joyent", "dataset_uuid": "{{TestMachine.NativeImage}}", "zfs_storage_pool_name": "zones", "init_name": "/sbin/other"}""", "create");
        Assert.Equal(0, run.Status);
        string uuid = run.Error.Trim().Split(' ')[^1];
        var vm = _machine.Get(uuid);
        Assert.Equal((TestMachine.NativeImage, "zones"), ((string?)vm["image_uuid"], (string?)vm["zpool"]));
        Assert.False(vm.ContainsKey("dataset_uuid") || vm.ContainsKey("zfs_storage_pool_name"));
        Assert.Equal(["/sbin/other"], _machine.Runtime.LastBoot!.Init);
        Assert.Equal(uuid, (string?)vm["zonename"]);
        Assert.Contains("zonename other than the uuid is not acted on yet",
            _machine.Vmadm($$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "zonename": "web"}""", "create").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_machine_is_shown_where_its_identity_is_known()
    {
        var identity = new Info.HostIdentity(Owner, "20261120T104500Z");
        var shown = new System.Text.Json.Nodes.JsonObject();
        identity.AddTo(shown);
        Assert.Equal((Owner, "20261120T104500Z"), ((string?)shown["server_uuid"], (string?)shown["platform_buildstamp"]));
    }

    [Fact]
    public void Labels_are_kept_shown_and_changed()
    {
        string uuid = _machine.Create($$"""
            , "owner_uuid": "{{Owner}}", "package_name": "small", "package_version": "1.0.0", "do_not_inventory": true
            """);
        var vm = _machine.Get(uuid);
        Assert.Equal((Owner, "small", "1.0.0", true), ((string?)vm["owner_uuid"], (string?)vm["package_name"], (string?)vm["package_version"], (bool)vm["do_not_inventory"]!));
        Assert.Equal(Guid.Empty.ToString(), (string?)vm["billing_id"]);
        Assert.Equal(0, _machine.Vmadm($$"""{"billing_id": "{{Owner}}", "package_name": "large", "do_not_inventory": false}""", "update", uuid).Status);
        vm = _machine.Get(uuid);
        Assert.Equal((Owner, "large"), ((string?)vm["billing_id"], (string?)vm["package_name"]));
        Assert.False((bool?)vm["do_not_inventory"] ?? false);
        Assert.Equal(uuid, _machine.Vmadm(null, "lookup", "owner_uuid=" + Owner).Out.Trim());
    }

    [Fact]
    public void Name_domain_and_resolvers_are_written_into_the_zone()
    {
        string uuid = _machine.Create(""", "hostname": "web", "dns_domain": "example.org", "resolvers": ["9.9.9.9"], "autoboot": false""");
        string etc = _machine.At($"zones/{uuid}/root/etc");
        Assert.Equal("web\n", File.ReadAllText(etc + "/hostname"));
        Assert.Contains("web.example.org web\n", File.ReadAllText(etc + "/hosts"));
        Assert.Equal("search example.org\nnameserver 9.9.9.9\n", File.ReadAllText(etc + "/resolv.conf"));
        Assert.Equal("example.org", (string?)_machine.Get(uuid)["dns_domain"]);
    }

    [Fact]
    public void Shares_of_the_processor_reach_the_running_zone()
    {
        string uuid = _machine.Create("");
        Assert.Equal(100, (int)_machine.Get(uuid)["cpu_shares"]!);
        Assert.Contains("cpu_shares: live", _machine.Vmadm("""{"cpu_shares": 512}""", "update", uuid).Error);
        Assert.Equal(512, _machine.Runtime.LastLimits!.CpuShares);
    }

    [Fact]
    public void Compression_and_record_size_are_the_datasets_at_once()
    {
        string uuid = _machine.Create(""", "zfs_root_compression": "lz4" """);
        string? Property(string name) => _machine.Datasets.GetProperties(DatasetName.Parse("zones/" + uuid), name)[name];
        Assert.Equal("lz4", Property("compression"));
        Assert.Equal(0, _machine.Vmadm("""{"zfs_root_compression": "gzip", "zfs_root_recsize": 65536}""", "update", uuid).Status);
        Assert.Equal(("gzip", "65536"), (Property("compression"), Property("recordsize")));
        Assert.Equal("gzip", (string?)_machine.Get(uuid)["zfs_root_compression"]);
    }

    [Fact]
    public void Internal_metadata_is_merged_by_set_and_remove()
    {
        string uuid = _machine.Create(""", "internal_metadata": {"a": "1", "b": "2"}""");
        Assert.Equal(0, _machine.Vmadm("""{"set_internal_metadata": {"c": "3"}, "remove_internal_metadata": ["a"]}""", "update", uuid).Status);
        Assert.Equal("""{"b":"2","c":"3"}""", _machine.Get(uuid)["internal_metadata"]!.ToJsonString());
    }
}
