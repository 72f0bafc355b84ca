using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Vm.Create;
using Lumos.Vm.Payload;
using Lumos.Vm.Update;
using Lumos.Zones;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Several want one address at the same time: one gets it.</summary>
public sealed class AddressTests : IDisposable
{
    private const string Nic = """{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}""";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Of_many_creates_that_want_one_address_one_gets_it()
    {
        const int many = 12;
        string?[] said = new string?[many];
        using var ready = new Barrier(many);
        var threads = Enumerable.Range(0, many).Select(n => new Thread(() =>
        {
            var creator = new VmCreator(_machine.NewHost());
            var report = new PayloadReport();
            var (vm, facts) = creator.Prepare(Payload(n), report);
            said[n] = report.CanGoOn ? null : "not even checked: " + report.Describe();
            ready.SignalAndWait(); // each has found it free
            said[n] ??= Record.Exception(() => _ = creator.Create(vm!, facts!))?.Message ?? "made";
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var entry = Assert.Single(_machine.Host.Zones.ReadIndex().Zones);
        Assert.Single(said, "made");
        Assert.All(said.Where(line => line != "made"), line => Assert.Contains($"nics.*.ip 10.0.0.5 on nic tag admin is in use by VM {entry.Uuid}", line));
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void A_MAC_address_that_was_free_when_the_payload_was_checked_is_refused_when_it_is_not_any_more()
    {
        var creator = new VmCreator(_machine.Host);
        var both = Enumerable.Range(1, 2).Select(n => creator.Prepare(Payload(n, $$"""{"nic_tag": "admin", "mac": "02:00:00:00:00:99", "ip": "10.0.0.{{n}}/24"}"""), new PayloadReport())).ToList();
        creator.Create(both[0].Vm!, both[0].Facts!);
        var refused = Assert.Throws<LumosException>(() => creator.Create(both[1].Vm!, both[1].Facts!));
        Assert.Contains($"02:00:00:00:00:99 is in use by VM {both[0].Vm!.Text("uuid")}", refused.Message);
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void An_update_that_comes_second_changes_nothing()
    {
        string first = _machine.Create(), second = _machine.Create();
        var payload = JsonNode.Parse($$"""{"add_nics": [{{Nic}}], "quota": 20, "alias": "late"}""")!.AsObject();
        string before = _machine.Get(second).ToJsonString();
        var refused = Assert.Throws<LumosException>(() => new VmUpdater(_machine.Host).Update(second, payload, new PayloadReport(),
            _ => Assert.Equal(0, _machine.Vmadm($$"""{"add_nics": [{{Nic}}]}""", "update", first).Status)));
        Assert.Contains($"10.0.0.5 on nic tag admin is in use by VM {first}", refused.Message);
        Assert.Equal(before, _machine.Get(second).ToJsonString());
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void What_is_received_is_looked_at_again_when_its_configuration_is_written()
    {
        using var two = new TwoMachines();
        string uuid = two.Create($$""", "nics": [{{Nic}}]""");
        byte[] stream = two.Sent("--live", uuid);
        (int Status, string Error) received = default;
        var receiver = new Thread(() => received = two.Receive(stream));
        using (FileLock.Acquire(Path.Combine(two.B.Layout.Locks, "addresses.lock")))
        {
            receiver.Start();
            Wait.Until(() => two.B.Said.ToArray().Any(line => line.Contains("addresses.lock", StringComparison.Ordinal)));
            Configure(two.B, "eeeeeeee-0000-4000-8000-000000000001");
        }
        receiver.Join();
        Assert.Equal(1, received.Status);
        Assert.Contains("10.0.0.5 on nic tag admin is in use by VM eeeeeeee-0000-4000-8000-000000000001", received.Error);
        Assert.Null(two.B.Host.Loader.Entry(uuid));
    }

    [Fact]
    public void A_zone_that_zonecfg_made_is_not_installed_with_the_address_of_another()
    {
        string owner = _machine.Create($$""", "nics": [{{Nic}}]"""), uuid = "eeeeeeee-0000-4000-8000-000000000001";
        Configure(_machine, uuid);
        _machine.Datasets.Create(Drivers.Datasets.DatasetName.Parse($"zones/{uuid}"));
        Directory.CreateDirectory(_machine.At($"zones/{uuid}/root"));
        var run = _machine.Vmadm(null, "install", uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"10.0.0.5 on nic tag admin is in use by VM {owner}", run.Error);
        Assert.Equal(ZoneState.Configured, _machine.Host.Zones.ReadIndex().Find(ZoneName.Parse(uuid))!.State);
    }

    private static JsonObject Payload(int n, string nic = Nic) => JsonNode.Parse(
        $$"""{"uuid": "dddddddd-0000-4000-8000-{{n:x12}}", "image_uuid": "{{TestMachine.NativeImage}}", "autoboot": false, "nics": [{{nic}}]}""")!.AsObject();

    private static void Configure(TestMachine machine, string uuid)
    {
        var nic = JsonNode.Parse("""{"interface": "net0", "mac": "02:00:00:00:00:77", "nic_tag": "admin", "ips": ["10.0.0.5/24"], "ip": "10.0.0.5", "netmask": "255.255.255.0"}""")!;
        var vm = new VmSpec(new JsonObject
        {
            ["uuid"] = uuid, ["zonename"] = uuid, ["brand"] = "joyent", ["zpool"] = "zones", ["zonepath"] = machine.At($"zones/{uuid}"), ["nics"] = new JsonArray(nic),
        });
        _ = machine.Host.Zones.Create(ZoneConfigMapping.ToConfig(vm, null), uuid);
    }
}
