using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Services.Client;
using Lumos.Services.Model;
using static Lumos.Services.Tests.StartdHarness;

namespace Lumos.Services.Tests;

/// <summary>svc.startd as it is, with real processes, cgroups and files. Needs root and a cgroup2 mount.</summary>
[Trait("level", "host")]
public sealed class StartdTests
{
    // A daemon as daemons are: it forks twice, is in a session of its own, and clears what it does not need.
    private const string Daemon = "/bin/sh -c 'setsid sh -c \"sleep 100000 & exec sleep 100001\" & exit 0'";

    private const string Transient =
        "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='transient'/></property_group>";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Services_start_in_order_and_no_process_outlives_its_own(bool cgroups)
    {
        using var smf = new StartdHarness(cgroups);
        smf.Manifest("site/base", methods: StartStop(Daemon));
        smf.Manifest("site/top", Manifests.Require("site/base"), methods: StartStop(Daemon));
        smf.Start();
        smf.WaitFor("site/top", ServiceState.Online);
        smf.Until("both sleeps run", () => smf.Get("site/base").Processes.Count(p => p.Command == "sleep") == 2);
        Assert.True(smf.Get("site/base").Since <= smf.Get("site/top").Since);
        int[] processes = [.. smf.Get("site/base").Processes.Select(p => p.Pid)];

        smf.SetEnabled("site/base", false);
        smf.WaitFor("site/base", ServiceState.Disabled);
        Assert.Equal(ServiceState.Offline, smf.Get("site/top").State);
        Assert.All(processes, p => Assert.False(IsAlive(p)));
        Assert.False(smf.Cgroup.Child("site-base:default").Exists);
        Assert.Matches(@"\[ \w{3} [ \d]\d \d\d:\d\d:\d\d Executing start method \(""", smf.Log("site/base"));
        Assert.Contains("Method \"start\" exited with status 0. ]", smf.Log("site/base"));
        Assert.Contains("Stopping because dependency activity requires stop. ]", smf.Log("site/top"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_killed_startd_takes_up_what_runs(bool cgroups)
    {
        using var smf = new StartdHarness(cgroups);
        smf.Manifest("site/contract", methods: StartStop(Daemon));
        smf.Manifest("site/wait", "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='child'/></property_group>",
            methods: StartStop("sleep 100000"));
        smf.Manifest("site/once", Transient, methods: StartStop("sh -c 'echo ran >> $PWD/ran'", ":true", context: $"<method_context working_directory='{smf.Root}'/>"));
        smf.Start();
        foreach (string service in new[] { "site/contract", "site/wait", "site/once" })
        {
            smf.WaitFor(service, ServiceState.Online);
        }
        smf.Until("the daemon has both", () => smf.Get("site/contract").Processes.Count(p => p.Command == "sleep") == 2);
        smf.Until("the wait service runs", () => smf.Get("site/wait").Processes.Any(p => p.Command == "sleep"));
        int[] contract = [.. smf.Get("site/contract").Processes.Select(p => p.Pid)];
        int wait = Assert.Single(smf.Get("site/wait").Processes).Pid;

        smf.Kill9();
        Assert.All(contract, p => Assert.True(IsAlive(p)));
        smf.Start();
        Assert.Equal(contract, smf.Get("site/contract").Processes.Select(p => p.Pid));
        Assert.Equal(wait, Assert.Single(smf.Get("site/wait").Processes).Pid);
        Assert.All(smf.Client.Status(), i => Assert.Equal(ServiceState.Online, i.State));
        Assert.Single(File.ReadAllLines($"{smf.Root}/ran"));

        // The ends of processes that are not its children reach it all the same.
        foreach (int pid in contract.Append(wait))
        {
            ProcessSignals.Send(pid, Signal.KILL);
        }
        smf.Until("the contract service is back", () => smf.Get("site/contract").Processes is { Length: >= 2 } p && !p.Any(x => contract.Contains(x.Pid)));
        smf.Until("the wait service is back", () => smf.Get("site/wait").Processes is [var p] && p.Pid != wait);
    }

    [Fact]
    public void A_start_method_cut_short_is_killed_and_run_again()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/slow", Transient, methods: StartStop(
            $"sh -c 'echo x >> {smf.Root}/starts; [ $(wc -l < {smf.Root}/starts) = 2 ] || sleep 100000'", ":true"));
        smf.Start();
        smf.Until("the method runs", () => File.Exists($"{smf.Root}/starts") && smf.Get("site/slow").Processes.Any(p => p.Command == "sleep"));
        int pid = smf.Get("site/slow").Processes.First(p => p.Command == "sleep").Pid;
        smf.Kill9();
        smf.Start();
        smf.WaitFor("site/slow", ServiceState.Online);
        Assert.False(IsAlive(pid));
        Assert.Equal(2, File.ReadAllLines($"{smf.Root}/starts").Length);
    }

    [Fact]
    public void Term_stops_everything_backwards_and_ends_with_0()
    {
        using var smf = new StartdHarness();
        string Script(string name) => StartStop(Daemon, $"sh -c 'echo {name} >> {smf.Root}/stops; kill -9 $(cat {smf.Cgroup.Path}/site-{name}:default/cgroup.procs | grep -vw $$) || true'");
        smf.Manifest("site/a", methods: Script("a"));
        smf.Manifest("site/b", Manifests.Require("site/a", restartOn: "none"), methods: Script("b"));
        smf.Manifest("site/c", Manifests.Require("site/b", restartOn: "none"), methods: Script("c"));
        smf.Start();
        smf.WaitFor("site/c", ServiceState.Online);
        Assert.Equal(0, smf.Terminate());
        Assert.Equal(["c", "b", "a"], File.ReadAllLines($"{smf.Root}/stops"));
        Assert.False(smf.Cgroup.IsPopulated());
    }

    [Fact]
    public void A_service_that_cannot_start_is_in_maintenance_until_it_is_cleared()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/bad", methods: StartStop($"sh -c '[ -f {smf.Root}/fixed ] || exit 3; sleep 100000 & exit 0'"));
        smf.Start();
        smf.WaitFor("site/bad", ServiceState.Maintenance);
        Assert.Equal(3, smf.Get("site/bad").StartStatus);
        Assert.Equal("fault_threshold_reached", smf.Get("site/bad").Auxiliary);
        Assert.Equal(3, smf.Log("site/bad").Split("Executing start method").Length - 1);
        Assert.Contains("svc:/site/bad:default is in maintenance", smf.Console);
        File.WriteAllText($"{smf.Root}/fixed", "");
        smf.Ask("clear", "site/bad");
        smf.WaitFor("site/bad", ServiceState.Online);
    }

    [Fact]
    public void Methods_that_hang_are_killed()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/hang", methods: StartStop("sh -c 'trap \"\" TERM; sleep 100000'", timeout: 1));
        smf.Manifest("site/stubborn", methods: """
            <exec_method type="method" name="start" exec="sh -c '(trap &quot;&quot; TERM; while :; do sleep 1000; done) &amp; exit 0'" timeout_seconds="60"/>
            <exec_method type="method" name="stop" exec=":kill" timeout_seconds="1"/>
            """);
        smf.Start();
        smf.WaitFor("site/hang", ServiceState.Maintenance);
        Assert.Contains("timed out. Killing contract.", smf.Log("site/hang"));
        smf.WaitFor("site/stubborn", ServiceState.Online);
        smf.SetEnabled("site/stubborn", false);
        smf.WaitFor("site/stubborn", ServiceState.Disabled);
        Assert.Contains("Service exit timed out. Killing contract.", smf.Log("site/stubborn"));
        Assert.Empty(smf.Get("site/stubborn").Processes);
    }

    [Fact]
    public void A_wait_service_stops_that_is_only_on_its_way_into_its_cgroup()
    {
        using var smf = new StartdHarness { SlowTrampoline = true };
        smf.Manifest("site/wait", "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='child'/></property_group>",
            methods: $"<exec_method type='method' name='start' exec='touch {smf.Root}/begun' timeout_seconds='60'/>");
        smf.Start();
        smf.WaitFor("site/wait", ServiceState.Online);
        smf.SetEnabled("site/wait", false);
        smf.WaitFor("site/wait", ServiceState.Disabled);
        Assert.DoesNotContain("timed out", smf.Log("site/wait"));
        // Nothing is on its way any more.
        Assert.Empty(ProcessesUnder(smf.SlowTrampolinePath));
        Assert.False(File.Exists($"{smf.Root}/begun"));

        static string[] ProcessesUnder(string program) => [.. Directory.GetDirectories("/proc").Where(p =>
        {
            try
            {
                return int.TryParse(Path.GetFileName(p), out _) && File.ReadAllText($"{p}/cmdline").Split('\0') is [_, var script, ..] && script == program;
            }
            catch (IOException)
            {
                return false; // it has ended
            }
        })];
    }

    [Fact]
    public void What_joins_a_cgroup_while_its_service_stops_is_told_to_stop_too()
    {
        using var smf = new StartdHarness();
        // It takes its time to end, with a helper that nobody but itself may end.
        smf.Manifest("site/slow", methods: StartStop(
            $"sh -c '(trap \"sleep 5; touch {smf.Root}/helped; exit 0\" TERM; touch {smf.Root}/ready; while :; do sleep 0.1; done) & exit 0'"));
        smf.Start();
        smf.WaitFor("site/slow", ServiceState.Online);
        smf.Until("its trap is set", () => File.Exists($"{smf.Root}/ready"));
        smf.SetEnabled("site/slow", false);
        smf.Until("the helper runs", () => smf.Get("site/slow").Processes.Any(p => p.Arguments == "sleep 5"));
        using var late = ChildProcess.Start(new SpawnRequest { Argv = ["sleep", "100000"] });
        smf.Cgroup.Child("site-slow:default").Add(late.Pid);
        Assert.True(late.HasEnded(TimeSpan.FromSeconds(4)), "nobody told it to stop");
        Assert.Equal(128 + Signal.TERM, late.Wait());
        smf.WaitFor("site/slow", ServiceState.Disabled);
        Assert.True(File.Exists($"{smf.Root}/helped"));
        Assert.DoesNotContain("timed out", smf.Log("site/slow"));
    }

    [Fact]
    public void A_method_runs_as_its_context_says()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/who", Transient, methods: StartStop(
            "sh -c 'id -un; id -gn; pwd; echo \"$COLOUR $SMF_FMRI $SMF_METHOD $SMF_ZONENAME\"'", ":true", context: """
                <method_context working_directory="/usr"><method_credential user="nobody" group="daemon"/>
                <method_environment><envvar name="COLOUR" value="deep blue"/></method_environment></method_context>
                """));
        smf.Start();
        smf.WaitFor("site/who", ServiceState.Online);
        Assert.Contains("nobody\ndaemon\n/usr\ndeep blue svc:/site/who:default start global\n", smf.Log("site/who"));
    }

    [Fact]
    public void What_administrators_change_is_kept_and_what_is_bad_is_left_out()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/a", methods: StartStop(Daemon));
        Directory.CreateDirectory($"{smf.Root}/opt/custom/smf");
        File.WriteAllText($"{smf.Root}/opt/custom/smf/bad.xml", "<service_bundle type='manifest' name='x'><wibble/></service_bundle>");
        File.WriteAllText($"{smf.Root}/opt/custom/smf/own.xml", Manifests.Service("site/own", methods: StartStop(Daemon)));
        smf.Start();
        smf.WaitFor("site/own", ServiceState.Online);
        Assert.Contains("manifest left out", smf.Console);
        Assert.Contains("bad.xml:1: <wibble>", smf.Console);

        smf.SetEnabled("site/a", false);
        smf.Client.Ask(new JsonObject
        {
            ["op"] = "import", ["source"] = "/tmp/new.xml", ["text"] = Manifests.Service("site/new", methods: StartStop(Daemon)),
        });
        smf.WaitFor("site/new", ServiceState.Online);
        Assert.Equal("InstanceRunning", Assert.Throws<LumosException>(() => smf.Client.Ask(new JsonObject
        {
            ["op"] = "delete", ["name"] = "svc:/site/new:default",
        })).Code);
        Assert.Equal(0, smf.Terminate());

        smf.Start(); // as after a reboot: no state file
        smf.WaitFor("site/new", ServiceState.Online);
        Assert.Equal(ServiceState.Disabled, smf.Get("site/a").State);
    }

    [Fact]
    public void The_pools_own_services_are_found_once_the_pool_is_there()
    {
        using var smf = new StartdHarness();
        File.WriteAllText($"{smf.Root}/late.xml", Manifests.Service("site/late", Transient, methods: StartStop(":true", ":true")));
        smf.Manifest("system/filesystem/smartdc", Transient, methods: StartStop(
            $"sh -c 'mkdir -p {smf.Root}/opt/custom/smf && cp {smf.Root}/late.xml {smf.Root}/opt/custom/smf/'", ":true"));
        smf.Start();
        smf.Until("the late service is there", () => smf.Client.Status().Any(i => i.Fmri.Service == "site/late"));
        smf.WaitFor("site/late", ServiceState.Online);
    }

    [Fact]
    public void Waiting_is_answered_when_it_is_so_or_cannot_be()
    {
        using var smf = new StartdHarness();
        smf.Manifest("site/a", enabled: false, methods: StartStop(Daemon));
        smf.Manifest("site/b", Manifests.Require("site/none"), methods: StartStop(Daemon));
        smf.Start();
        smf.SetEnabled("site/a", true);
        Assert.Equal("done", Wait("site/a", true));
        Assert.Equal(ServiceState.Online, smf.Get("site/a").State);
        Assert.Equal("dependencies", Wait("site/b", true));
        smf.SetEnabled("site/a", false);
        Assert.Equal("done", Wait("site/a", false));
        Assert.Empty(smf.Get("site/a").Processes);

        string? Wait(string service, bool up) => (string?)smf.Client.Ask(new JsonObject
        {
            ["op"] = "wait", ["names"] = new JsonArray($"svc:/{service}:default"), ["up"] = up,
        })["outcomes"]![$"svc:/{service}:default"];
    }
}
