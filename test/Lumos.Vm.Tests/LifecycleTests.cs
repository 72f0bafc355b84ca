using Lumos.Drivers.Datasets;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class LifecycleTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Stop_asks_first_and_clears_autoboot_start_sets_it()
    {
        string uuid = _machine.Create();
        var stop = _machine.Vmadm(null, "halt", uuid);
        Assert.Equal((0, $"Successfully completed stop for VM {uuid}\n"), (stop.Status, stop.Error));
        Assert.Contains($"shutdown {uuid} Halt 60", _machine.Runtime.Calls);
        var vm = _machine.Get(uuid);
        Assert.Equal(("stopped", false), ((string?)vm["state"], (bool)vm["autoboot"]!));

        var start = _machine.Vmadm(null, "start", uuid);
        Assert.Equal((0, $"Successfully started VM {uuid}\n"), (start.Status, start.Error));
        vm = _machine.Get(uuid);
        Assert.Equal(("running", true), ((string?)vm["state"], (bool)vm["autoboot"]!));
    }

    [Fact]
    public void What_is_so_already_is_a_success()
    {
        string uuid = _machine.Create();
        var start = _machine.Vmadm(null, "boot", uuid);
        Assert.Equal((0, $"VM {uuid} is already 'running'\n"), (start.Status, start.Error));
        _machine.Vmadm(null, "stop", uuid, "-F");
        Assert.DoesNotContain(_machine.Runtime.Calls, c => c.StartsWith("shutdown", StringComparison.Ordinal));
        var stop = _machine.Vmadm(null, "stop", uuid);
        Assert.Equal((0, $"VM {uuid} is already not 'running' (currently: stopped)\n"), (stop.Status, stop.Error));
    }

    [Fact]
    public void A_zone_that_does_not_stop_is_halted()
    {
        string uuid = _machine.Create();
        _machine.Runtime.Stubborn[uuid] = true;
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid).Status);
        Assert.Equal("stopped", (string?)_machine.Get(uuid)["state"]);
        Assert.Equal(-1, _machine.Runtime.Calls.IndexOf("never"));
        Assert.EndsWith($"halt {uuid}", _machine.Runtime.Calls[^1]);
    }

    [Fact]
    public void Reboot_wants_a_running_VM()
    {
        string uuid = _machine.Create();
        var reboot = _machine.Vmadm(null, "reboot", uuid);
        Assert.Equal((0, $"Successfully completed reboot for VM {uuid}\n"), (reboot.Status, reboot.Error));
        Assert.Equal([$"shutdown {uuid} Reboot 180", $"boot {uuid}"], _machine.Runtime.Calls.TakeLast(2));
        _machine.Vmadm(null, "stop", uuid);
        reboot = _machine.Vmadm(null, "reboot", uuid);
        Assert.Equal((1, "Cannot reboot vm from state \"stopped\", must be \"running\"\n"), (reboot.Status, reboot.Error));
    }

    [Fact]
    public void Delete_leaves_nothing()
    {
        string uuid = _machine.Create();
        var run = _machine.Vmadm(null, "destroy", uuid);
        Assert.Equal((0, $"Successfully deleted VM {uuid}\n"), (run.Status, run.Error));
        Assert.False(_machine.Datasets.Exists(DatasetName.Parse("zones/" + uuid)));
        Assert.False(File.Exists(_machine.At($"etc/zones/{uuid}.xml")));
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
        var again = _machine.Vmadm(null, "delete", uuid);
        Assert.Equal(1, again.Status);
    }

    [Fact]
    public void A_missing_VM_is_told_as_scripts_expect_it()
    {
        const string uuid = "cccccccc-0000-4000-8000-000000000001";
        foreach (string command in (string[])["get", "start", "stop", "reboot", "delete"])
        {
            var run = _machine.Vmadm(null, command, uuid);
            Assert.Equal((1, "", $"zoneadm: {uuid}: No such zone configured\n"), (run.Status, run.Out, run.Error));
        }
        Assert.Equal(2, _machine.Vmadm(null, "get", "web").Status);
    }

    [Fact]
    public void A_delete_that_was_cut_short_is_still_there_as_incomplete_and_can_be_deleted()
    {
        string uuid = _machine.Create();
        _machine.BeforeDataset = (operation, name) => _ = operation == "destroy" ? throw new DatasetException("DatasetHasClones", "x", "it has clones") : 0;
        var run = _machine.Vmadm(null, "delete", uuid);
        Assert.Equal((1, $"Failed to delete VM {uuid}: it has clones\n"), (run.Status, run.Error));
        Assert.Equal("incomplete", (string?)_machine.Get(uuid)["state"]);
        _machine.BeforeDataset = null;
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
    }

    [Fact]
    public void Start_of_what_failed_names_the_way_out()
    {
        _machine.Runtime.OnBoot = null;
        _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "mdata_exec_timeout": 1}""", "create");
        string uuid = _machine.Host.Zones.ReadIndex().Zones.Single().Uuid;
        _machine.Vmadm(null, "stop", uuid);
        var run = _machine.Vmadm(null, "start", uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"vmadm delete {uuid}", run.Error);
    }

    [Fact]
    public void All_zones_with_autoboot_boot_and_flags_stay_as_they_are()
    {
        string on = _machine.Create(), off = _machine.Create(""", "autoboot": false""");
        _machine.Runtime.Halt(ZoneName.Parse(on));
        Assert.Equal(0, new AllZones(_machine.Host).Boot());
        Assert.Equal(("running", "stopped"), ((string?)_machine.Get(on)["state"], (string?)_machine.Get(off)["state"]));

        _machine.Runtime.Stubborn[on] = true;
        Assert.Equal(0, new AllZones(_machine.Host).Stop(TimeSpan.FromSeconds(100)));
        Assert.Contains($"shutdown {on} Halt 75", _machine.Runtime.Calls);
        Assert.Equal(("stopped", true), ((string?)_machine.Get(on)["state"], (bool)_machine.Get(on)["autoboot"]!));
    }

    [Fact]
    public void Kill_takes_signals_by_name_and_number()
    {
        string uuid = _machine.Create();
        Assert.Equal(0, _machine.Vmadm(null, "kill", "-s", "HUP", uuid).Status);
        Assert.Equal(0, _machine.Vmadm(null, "kill", "-9", uuid).Status);
        Assert.Equal(0, _machine.Vmadm(null, "kill", uuid).Status);
        Assert.Equal([$"signal {uuid} 1", $"signal {uuid} 9", $"signal {uuid} 15"], _machine.Runtime.Calls.TakeLast(3));
        Assert.Equal(1, _machine.Vmadm(null, "kill", "-s", "NOPE", uuid).Status);
    }

    [Fact]
    public void Words_that_are_no_command_are_wrong_usage()
    {
        Assert.Equal(2, _machine.Vmadm(null, "frobnicate").Status);
        Assert.Equal(0, _machine.Vmadm(null, "help").Status);
    }
}
