using Lumos.Core;
using Lumos.Services.Model;
using Lumos.Services.Restarter;
using static Lumos.Services.Tests.Manifests;

namespace Lumos.Services.Tests;

public sealed class RestarterTests
{
    private const string Transient =
        "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='transient'/></property_group>";

    private const string Wait =
        "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='child'/></property_group>";

    private const string ScriptMethods = """
        <exec_method type="method" name="start" exec="/start" timeout_seconds="60"/>
        <exec_method type="method" name="stop" exec="/stop" timeout_seconds="30"/>
        <exec_method type="method" name="refresh" exec="/refresh" timeout_seconds="30"/>
        """;

    private readonly FakeClock _clock = new();
    private readonly FakeLog _log = new();
    private readonly FakeProcesses _processes = new();
    private readonly Restarter.Restarter _restarter;

    public RestarterTests()
    {
        _restarter = new Restarter.Restarter(_processes, _processes, _log, _clock, _ => false);
    }

    [Fact]
    public void A_service_starts_once_its_dependency_is_up()
    {
        Boot(Define("a", Require("b")), Define("b"));
        Assert.Equal(["b Start: /start start"], _processes.Started);
        Assert.Equal(ServiceState.Online, Get("b").Next);
        StartedWithDaemon("b");
        Assert.Equal(ServiceState.Online, Get("b").State);
        StartedWithDaemon("a");
        Assert.Equal(ServiceState.Online, Get("a").State);
    }

    [Fact]
    public void Three_failed_starts_are_maintenance()
    {
        Boot(Define("a"));
        Ended("a", 1);
        Ended("a", 1);
        Assert.Equal(ServiceState.Offline, Get("a").State);
        Assert.Equal(3, _processes.Started.Count);
        Ended("a", 1);
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Equal("fault_threshold_reached", Get("a").Auxiliary);
        Assert.Contains("svc:/a:default is in maintenance", Assert.Single(_log.Alerts));
    }

    [Theory]
    [InlineData(SmfExit.ErrFatal)]
    [InlineData(SmfExit.ErrConfig)]
    [InlineData(SmfExit.ErrPerm)]
    public void A_fatal_status_is_maintenance_at_once(int status)
    {
        Boot(Define("a"));
        Ended("a", status);
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Equal("method_failed", Get("a").Auxiliary);
        Assert.Single(_processes.Started);
    }

    [Fact]
    public void What_a_failed_start_left_is_killed_before_the_next()
    {
        Boot(Define("a"));
        _processes.Add(F("a"));
        Ended("a", 1);
        Assert.Equal(["a kill"], _processes.Signals);
        Assert.Single(_processes.Contracts[F("a")]); // only the new start method
    }

    [Fact]
    public void A_start_that_takes_too_long_is_killed_and_counts_as_a_failure()
    {
        Boot(Define("a"));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ServiceState.Offline, Get("a").State);
            Pass(61);
        }
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Contains("timed out", Get("a").Reason);
        Assert.True(_processes.IsEmpty(F("a")));
    }

    [Fact]
    public void A_dead_service_comes_back_until_it_dies_too_often()
    {
        Boot(Define("a"));
        for (int i = 0; i < 4; i++)
        {
            int daemon = StartedWithDaemon("a");
            Pass(10);
            _processes.End(F("a"), daemon);
            Run();
        }
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Equal("restarting_too_quickly", Get("a").Auxiliary);
        Assert.True(_restarter.Clear(Get("a")));
        Run();
        StartedWithDaemon("a");
        Assert.Equal(ServiceState.Online, Get("a").State);
    }

    [Fact]
    public void A_service_that_dies_seldom_comes_back_for_ever()
    {
        Boot(Define("a"));
        for (int i = 0; i < 12; i++)
        {
            int daemon = StartedWithDaemon("a");
            Pass(700);
            _processes.End(F("a"), daemon);
            Run();
        }
        StartedWithDaemon("a");
        Assert.Equal(ServiceState.Online, Get("a").State);
    }

    [Fact]
    public void A_start_method_that_leaves_no_process_behind_is_a_failure_of_a_contract_service()
    {
        Boot(Define("a"));
        for (int i = 0; i < 4; i++)
        {
            Ended("a", 0);
        }
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Equal("restarting_too_quickly", Get("a").Auxiliary);
    }

    [Fact]
    public void A_transient_service_needs_no_process()
    {
        Boot(Define("a", Transient, methods: ScriptMethods));
        Ended("a", 0);
        Assert.Equal(ServiceState.Online, Get("a").State);
        int left = _processes.Add(F("a"));
        Disable("a");
        Ended("a", 0); // the stop method
        Assert.DoesNotContain(left, _processes.Processes(F("a")));
        Assert.Equal(ServiceState.Disabled, Get("a").State);
    }

    [Fact]
    public void A_wait_service_is_up_while_its_process_runs_and_comes_back()
    {
        Boot(Define("a", Wait));
        Assert.Equal(ServiceState.Online, Get("a").State);
        Pass(100000);
        Assert.Equal(ServiceState.Online, Get("a").State);
        Ended("a", 0);
        Assert.Equal(ServiceState.Online, Get("a").State);
        Assert.Equal(2, _processes.Started.Count);
        Ended("a", SmfExit.ErrConfig);
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
    }

    [Theory]
    [InlineData("none", false, false, false)]
    [InlineData("error", true, false, false)]
    [InlineData("restart", true, true, false)]
    [InlineData("refresh", true, true, true)]
    public void Restart_on_says_which_events_reach_the_dependent(string restartOn, bool onFault, bool onRestart, bool onRefresh)
    {
        Boot(Define("a", Require("b", restartOn: restartOn)), Define("b"));
        int b = StartedWithDaemon("b");
        StartedWithDaemon("a");
        var a = Get("a");

        _restarter.Refresh(Get("b"));
        Run();
        Check(onRefresh);

        _restarter.Restart(Get("b"));
        Run();
        b = StartedWithDaemon("b");
        Check(onRestart);

        _processes.End(F("b"), b);
        Run();
        StartedWithDaemon("b");
        Check(onFault);

        void Check(bool reached)
        {
            Assert.Equal(reached ? ServiceState.Online : ServiceState.None, a.Next);
            if (reached)
            {
                StartedWithDaemon("a");
            }
            Assert.Equal(ServiceState.Online, a.State);
            Pass(10000);
        }
    }

    [Fact]
    public void An_administrators_stop_lets_dependents_go_first()
    {
        Boot(Define("a", Require("b"), methods: ScriptMethods), Define("b"));
        StartedWithDaemon("b");
        StartedWithDaemon("a");
        Disable("b");
        Assert.Equal(ServiceState.Online, Get("b").State);
        Assert.Empty(_processes.Signals);
        Ended("a", 0); // a's stop method; what is left drains
        Assert.Equal(Phase.Draining, Get("a").Phase);
        Pass(31);
        Assert.Equal(["a kill", "b 15"], _processes.Signals);
        Assert.Equal(ServiceState.Offline, Get("a").State);
        Assert.Equal(ServiceState.Disabled, Get("b").State);
    }

    [Fact]
    public void A_stop_method_that_hangs_ends_with_the_contract_killed()
    {
        Boot(Define("a", methods: ScriptMethods));
        StartedWithDaemon("a");
        Disable("a");
        Pass(31);
        Assert.Equal(ServiceState.Disabled, Get("a").State);
        Assert.True(_processes.IsEmpty(F("a")));
    }

    [Fact]
    public void A_process_that_is_on_its_way_into_its_contract_is_told_to_stop_and_waited_for()
    {
        _processes.LaunchedLate = true;
        _processes.ObeySignals = false;
        Boot(Define("a", Wait));
        Assert.Equal(ServiceState.Online, Get("a").State);
        Disable("a");
        Assert.Equal(["a launched 15"], _processes.Signals);
        Assert.Equal(Phase.Draining, Get("a").Phase); // the contract is empty, but it is not over
        _processes.Join(F("a"));
        Pass(1);
        Assert.Equal(["a launched 15"], _processes.Signals); // told once
        Ended("a", 143);
        Assert.Equal(ServiceState.Disabled, Get("a").State);
    }

    [Fact]
    public void What_joins_while_a_service_drains_is_told_to_stop_too()
    {
        _processes.ObeySignals = false;
        Boot(Define("a"));
        int first = StartedWithDaemon("a");
        Disable("a");
        Assert.Equal(["a 15"], _processes.Signals);
        _processes.ObeySignals = true;
        _processes.Add(F("a"));
        Pass(0.3);
        Assert.Equal(["a 15", "a 15"], _processes.Signals);
        Assert.Equal([first], _processes.Processes(F("a")));
        Assert.NotNull(_restarter.NextDeadline);
        _processes.End(F("a"), first);
        Run();
        Assert.Equal(ServiceState.Disabled, Get("a").State);
        Assert.Null(_restarter.NextDeadline);
    }

    [Fact]
    public void A_launched_process_that_does_not_obey_is_killed_wherever_it_is()
    {
        _processes.LaunchedLate = true;
        _processes.ObeySignals = false;
        Boot(Define("a", Wait));
        Disable("a");
        Pass(61);
        Assert.Equal(["a launched 15", "a launched 9"], _processes.Signals);
        Assert.Equal(ServiceState.Disabled, Get("a").State);
    }

    [Fact]
    public void Refresh_runs_its_method_and_the_service_goes_on()
    {
        Boot(Define("a", methods: ScriptMethods));
        StartedWithDaemon("a");
        _restarter.Refresh(Get("a"));
        Run();
        Assert.Equal("a Refresh: /refresh", _processes.Started[^1]);
        Assert.Equal(ServiceState.Online, Get("a").Next);
        Ended("a", 1);
        Assert.Equal((ServiceState.Online, ServiceState.None), (Get("a").State, Get("a").Next));
    }

    [Fact]
    public void An_excluded_service_stops_the_one_that_excludes_it()
    {
        Boot(Define("a", Require("b", "exclude_all", "error")), Define("b", enabled: false));
        StartedWithDaemon("a");
        _restarter.SetOverride(Get("b"), true);
        Run();
        StartedWithDaemon("b");
        Assert.Equal(ServiceState.Offline, Get("a").State);
    }

    [Fact]
    public void A_cycle_puts_one_into_maintenance_and_says_the_names()
    {
        Boot(Define("a", Require("b")), Define("b", Require("a")));
        Assert.Equal(ServiceState.Maintenance, Get("b").State);
        Assert.Equal("dependency_cycle", Get("b").Auxiliary);
        Assert.Contains("svc:/b:default -> svc:/a:default -> svc:/b:default", Get("b").Reason);
        Assert.False(_restarter.Clear(Get("b")));
    }

    [Fact]
    public void Milestone_none_stops_everything_and_all_brings_it_back()
    {
        Boot(Define("a", Require("b")), Define("b"));
        StartedWithDaemon("b");
        StartedWithDaemon("a");
        _restarter.ChangeMilestone("none");
        Run();
        Assert.All(_restarter.Instances, i => Assert.Equal(ServiceState.Disabled, i.State));
        _restarter.ChangeMilestone("svc:/b:default");
        Run();
        StartedWithDaemon("b");
        Assert.Equal(ServiceState.Disabled, Get("a").State);
        _restarter.ChangeMilestone("all");
        Run();
        StartedWithDaemon("a");
        Assert.Equal(ServiceState.Online, Get("a").State);
    }

    [Fact]
    public void Shutting_down_goes_backwards_and_ends()
    {
        Boot(Define("a", Require("b", restartOn: "none")), Define("b"), Define("c", Require("a")));
        StartedWithDaemon("b");
        StartedWithDaemon("a");
        // c is still starting
        _restarter.ShutDown();
        Run();
        Assert.Equal(["c kill", "a 15", "b 15"], _processes.Signals);
        Assert.True(_restarter.IsShutDown);
    }

    [Fact]
    public void Maintenance_on_request_stops_first_and_clear_starts_again()
    {
        Boot(Define("a"));
        StartedWithDaemon("a");
        _restarter.MarkMaintenance(Get("a"), immediately: false);
        Run();
        Assert.Equal(ServiceState.Maintenance, Get("a").State);
        Assert.Equal(["a 15"], _processes.Signals);
        _restarter.Clear(Get("a"));
        Run();
        Assert.Equal(ServiceState.Online, Get("a").Next);
    }

    [Fact]
    public void A_start_cut_short_by_a_death_of_ours_is_killed_and_run_again()
    {
        _processes.Add(F("a"));
        _restarter.Define([Define("a")]);
        var a = Get("a");
        a.State = ServiceState.Offline;
        a.Next = ServiceState.Online;
        _restarter.Adopt(a);
        Run();
        Assert.Equal(["a kill"], _processes.Signals);
        Assert.Single(_processes.Started);
    }

    [Fact]
    public void A_running_service_is_taken_up_as_it_is_and_a_vanished_one_is_started()
    {
        _processes.Add(F("a"));
        _restarter.Define([Define("a"), Define("b"), Define("c", Transient, methods: ScriptMethods)]);
        foreach (var instance in _restarter.Instances)
        {
            instance.State = ServiceState.Online;
            _restarter.Adopt(instance);
        }
        Run();
        Assert.Equal(["b Start: /start start"], _processes.Started);
        Assert.Equal(ServiceState.Online, Get("a").State);
        Assert.Equal(ServiceState.Online, Get("c").State);
    }

    private void Boot(params InstanceDefinition[] definitions)
    {
        _restarter.Define(definitions);
        Run();
    }

    private ServiceInstance Get(string service) => _restarter.Find(F(service))!;

    private void Disable(string service)
    {
        _restarter.SetOverride(Get(service), false);
        Run();
    }

    private void Pass(double seconds)
    {
        _clock.Advance(seconds);
        _restarter.TimePassed();
        Run();
    }

    /// <summary>The method (or wait service) that runs for the service ends.</summary>
    private void Ended(string service, int status)
    {
        int pid = _processes.Watched[F(service)];
        _processes.End(F(service), pid);
        _processes.Forget(F(service));
        _restarter.ProcessEnded(F(service), pid, status);
        Run();
    }

    /// <summary>The start method ends well and leaves a daemon.</summary>
    private int StartedWithDaemon(string service)
    {
        Assert.StartsWith(service + " Start", _processes.Started.Last(s => s.StartsWith(service + " ", StringComparison.Ordinal)));
        int daemon = _processes.Add(F(service));
        Ended(service, 0);
        return daemon;
    }

    private void Run()
    {
        do
        {
            while (_processes.Emptied.TryDequeue(out var fmri))
            {
                _restarter.ContractEmptied(fmri);
            }
            while (_processes.Ended.TryDequeue(out var ended))
            {
                _restarter.ProcessEnded(ended.Fmri, ended.Pid, ended.Status);
            }
            _restarter.Settle();
        }
        while (_processes.Emptied.Count > 0 || _processes.Ended.Count > 0);
    }
}
