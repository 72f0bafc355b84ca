using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>How VMs end, and what becomes of them then.</summary>
public sealed class EndTests : IDisposable
{
    private static readonly RestartPolicy Quick = new() { FirstWait = TimeSpan.FromMilliseconds(5) };

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_crash_is_recorded_counted_and_restarted()
    {
        string uuid = _machine.Create();
        using var admin = new RunningAdmin(_machine, Quick);
        _machine.Runtime.End(ZoneName.Parse(uuid), 139);
        Wait.Until(() => State(uuid) == "running" && (int)_machine.Get(uuid)["init_restarts"]! == 1);
        var vm = _machine.Get(uuid);
        Assert.Equal(-11, (int)vm["exit_status"]!);
        Assert.True(vm.ContainsKey("exit_timestamp"));
    }

    [Fact]
    public void A_crash_loop_ends_in_stopped_and_the_log_says_so()
    {
        string log = _machine.At("vmadmd.log");
        string uuid = _machine.Create();
        _machine.Runtime.OnBoot = spec => _machine.Runtime.End(spec.Name, 1);
        using (var stream = new FileStream(log, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
        using (new RunningAdmin(_machine, Quick, JsonLog.To(stream, "vmadmd")))
        {
            _machine.Runtime.End(ZoneName.Parse(uuid), 1);
            Wait.Until(() => File.ReadAllText(log).Contains("after 5 restarts in a row"));
        }
        Assert.Equal(6, _machine.Runtime.Calls.Count(c => c == $"boot {uuid}")); // its own and five restarts
        Assert.Equal("stopped", State(uuid));
        var vm = _machine.Get(uuid);
        Assert.Equal((1, true, false), ((int)vm["exit_status"]!, (bool)vm["autoboot"]!, vm.ContainsKey("init_restarts")));

        // How it ended is told until somebody starts it.
        _machine.Runtime.OnBoot = null;
        Assert.Equal(0, _machine.Vmadm(null, "start", uuid).Status);
        vm = _machine.Get(uuid);
        Assert.Equal((false, 0), (vm.ContainsKey("exit_status"), (int)vm["init_restarts"]!));
    }

    [Fact]
    public void A_zone_that_waits_for_its_restart_can_be_stopped_and_started()
    {
        string uuid = _machine.Create();
        using var admin = new RunningAdmin(_machine, new RestartPolicy { FirstWait = TimeSpan.FromHours(1) });
        _machine.Runtime.End(ZoneName.Parse(uuid), 1);
        Wait.Until(() => State(uuid) == "running" && (int)_machine.Get(uuid)["init_restarts"]! == 1);
        _machine.Runtime.End(ZoneName.Parse(uuid), 1);
        Wait.Until(() => State(uuid) == "down");
        Assert.Equal(1, (int)_machine.Get(uuid)["exit_status"]!);
        Assert.Equal(0, _machine.Vmadm(null, "start", uuid).Status);
        Assert.Equal("running", State(uuid));
        _machine.Runtime.End(ZoneName.Parse(uuid), 1);
        Wait.Until(() => State(uuid) == "running" && (int)_machine.Get(uuid)["init_restarts"]! == 1);
        _machine.Runtime.End(ZoneName.Parse(uuid), 1);
        Wait.Until(() => State(uuid) == "down");
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid).Status);
        Assert.Equal("stopped", State(uuid));
    }

    [Fact]
    public void A_restart_that_was_due_is_made_by_the_vmadmd_that_comes_next()
    {
        string uuid = _machine.Create();
        _machine.Runtime.End(ZoneName.Parse(uuid), 137);
        using var admin = new RunningAdmin(_machine, Quick);
        Wait.Until(() => State(uuid) == "running" && (int)_machine.Get(uuid)["init_restarts"]! == 1);
    }

    [Fact]
    public void Without_restart_init_a_crash_is_the_end()
    {
        string uuid = _machine.Create(""", "restart_init": false""");
        using var admin = new RunningAdmin(_machine, Quick);
        _machine.Runtime.End(ZoneName.Parse(uuid), 2);
        Wait.Until(() => State(uuid) == "stopped");
        Assert.Equal(2, (int)_machine.Get(uuid)["exit_status"]!);
        Assert.Equal(0, _machine.Vmadm(null, "update", uuid, "restart_init=true").Status);
        Assert.True((bool)_machine.Get(uuid)["restart_init"]!);
    }

    [Fact]
    public void A_stop_shows_where_it_goes_and_when_patience_ends()
    {
        string uuid = _machine.Create();
        System.Text.Json.Nodes.JsonObject? during = null;
        _machine.Runtime.OnShutdown = _ => during = _machine.Get(uuid);
        var before = DateTimeOffset.UtcNow;
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid, "-t", "7").Status);
        Assert.Equal(("shutting_down", "stopped"), ((string?)during!["state"], (string?)during["transition_to"]));
        var expires = DateTimeOffset.FromUnixTimeMilliseconds((long)during["transition_expire"]!);
        Assert.InRange(expires, before.AddSeconds(6.9), DateTimeOffset.UtcNow.AddSeconds(7));
        var after = _machine.Get(uuid);
        Assert.False(after.ContainsKey("transition_to"));
        Assert.Equal(0, (int)after["exit_status"]!);

        _machine.Vmadm(null, "start", uuid);
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.Equal("start", (string?)during["transition_to"]);
    }

    [Fact]
    public void A_stop_whose_client_died_is_ended_by_vmadmd_when_its_time_is_up()
    {
        string uuid = _machine.Create();
        using var admin = new RunningAdmin(_machine, Quick);
        _machine.Runtime.Abandon(ZoneName.Parse(uuid), ZoneState.Installed, DateTimeOffset.UtcNow.AddSeconds(-0.9));
        Assert.Equal("shutting_down", State(uuid));
        Wait.Until(() => State(uuid) == "stopped");
        Assert.Contains($"halt {uuid}", _machine.Runtime.Calls);
    }

    [Theory]
    [InlineData(130, "stopped")]
    [InlineData(129, "running")]
    public void A_reboot_whose_client_died_is_finished_when_the_zone_ends(int exit, string state)
    {
        string uuid = _machine.Create();
        _machine.Runtime.Abandon(ZoneName.Parse(uuid), exit == 129 ? ZoneState.Running : ZoneState.Installed, DateTimeOffset.UtcNow.AddHours(1));
        using var admin = new RunningAdmin(_machine, Quick);
        _machine.Runtime.End(ZoneName.Parse(uuid), exit);
        Wait.Until(() => State(uuid) == state);
    }

    [Fact]
    public void The_time_of_stop_and_reboot_is_the_users()
    {
        string uuid = _machine.Create();
        _machine.Runtime.Stubborn[uuid] = true;
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid, "-t", "9").Status);
        Assert.Equal([$"shutdown {uuid} Reboot 9", $"halt {uuid}", $"boot {uuid}"], _machine.Runtime.Calls.TakeLast(3));
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid, "-t", "5").Status);
        Assert.Equal([$"shutdown {uuid} Halt 5", $"halt {uuid}"], _machine.Runtime.Calls.TakeLast(2));
        foreach (string wrong in (string[])["x", "-1", "86401", "1.5"])
        {
            Assert.Equal(2, _machine.Vmadm(null, "stop", uuid, "-t", wrong).Status);
        }
    }

    [Fact]
    public void A_reboot_that_is_not_obeyed_fails_and_force_is_a_way_out()
    {
        string uuid = _machine.Create();
        _machine.Runtime.Stubborn[uuid] = true;
        var run = _machine.Vmadm(null, "reboot", uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"vmadm reboot {uuid} -F", run.Error);
        Assert.Equal("shutting_down", State(uuid));
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid, "-F").Status);
        Assert.Equal("running", State(uuid));
    }

    [Fact]
    public void Failed_is_left_by_start_clear_failed()
    {
        _machine.Runtime.OnBoot = null;
        Assert.Equal(1, _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "mdata_exec_timeout": 1}""", "create").Status);
        string uuid = _machine.Host.Zones.ReadIndex().Zones.Single().Uuid;
        Assert.Equal("failed", State(uuid));
        Assert.Contains("--clear-failed", _machine.Vmadm(null, "start", uuid).Error);
        Assert.Equal((1, "Cannot reboot vm from state \"failed\", must be \"running\"\n"), _machine.Vmadm(null, "reboot", uuid) is var r ? (r.Status, r.Error) : default);
        // Its zone runs: nothing is left but to take it for what it is.
        Assert.Equal((0, $"VM {uuid} is already 'running'\n"), _machine.Vmadm(null, "start", "--clear-failed", uuid) is var s ? (s.Status, s.Error) : default);
        Assert.Equal("running", State(uuid));
    }

    [Fact]
    public void Failed_and_stopped_is_started_by_clear_failed()
    {
        _machine.Runtime.OnBoot = spec => File.Move(Path.Combine(spec.RootPath, "var/svc/provisioning"), Path.Combine(spec.RootPath, "var/svc/provision_failure"));
        _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create");
        _machine.Runtime.OnBoot = null;
        string uuid = _machine.Host.Zones.ReadIndex().Zones.Single().Uuid;
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid).Status);
        Assert.Equal("failed", State(uuid));
        Assert.Equal((0, $"Successfully started VM {uuid}\n"), _machine.Vmadm(null, "start", "--clear-failed", uuid) is var run ? (run.Status, run.Error) : default);
        Assert.Equal("running", State(uuid));
        Assert.Equal(0, _machine.Vmadm(null, "start", "--clear-failed", uuid).Status); // nothing to clear is no error
    }

    [Fact]
    public void A_crash_in_the_first_boot_is_failed_and_not_tried_again()
    {
        using var admin = new RunningAdmin(_machine, Quick);
        _machine.Runtime.OnBoot = spec => _machine.Runtime.End(spec.Name, 139);
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("it stopped before its first boot was over", run.Error);
        string uuid = _machine.Host.Zones.ReadIndex().Zones.Single().Uuid;
        Wait.Until(() => State(uuid) == "failed" && _machine.Host.Runtime.Status(ZoneName.Parse(uuid)).State == ZoneState.Installed);
        Assert.Single(_machine.Runtime.Calls, c => c == $"boot {uuid}");
    }

    [Fact]
    public void A_create_that_fails_at_boot_leaves_no_folder()
    {
        _machine.KeepsMountpoints = true;
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "no such init");
        Assert.Equal(1, _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create").Status);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_machine.At("zones")));
    }

    private string? State(string uuid) => (string?)_machine.Get(uuid)["state"];
}
