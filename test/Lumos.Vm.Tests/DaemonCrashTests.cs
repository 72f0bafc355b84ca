using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vmadmd and vminfod killed in the middle of what they and others do: it goes on without them, or the next ones finish it.</summary>
public sealed class DaemonCrashTests
{
    private static readonly ZoneName Zone = ZoneName.Parse(CrashTests.Uuid);

    [Theory]
    [InlineData("it asks for a reboot", "running", true)]
    [InlineData("it crashes", "running", true)]
    [InlineData("it ends", "stopped", true)]
    [InlineData("a stop is abandoned", "stopped", false)]
    [InlineData("a reboot is abandoned", "running", true)]
    [InlineData("a start is abandoned", "running", true)]
    public void What_vmadmd_was_doing_is_finished_by_the_next(string what, string state, bool autoboot)
    {
        int killed = 0;
        for (int step = 1; killed == step - 1; step++)
        {
            using var machine = new TestMachine();
            CrashTests.Running(machine);
            Happen(machine, what);
            killed += KillAdminBefore(step, machine, state, autoboot) ? 1 : 0;
            using var admin = new RunningAdmin(machine);
            Wait.Until(() => IsSettled(machine, state, autoboot));
            if (what == "it crashes")
            {
                Assert.Equal(1, machine.Host.Runtime.Status(Zone).Restarts.Total);
            }
        }
        Assert.True(killed > 0, "vmadmd was never killed");
    }

    [Fact]
    public void Who_is_killed_in_a_boot_and_leaves_no_trace_is_noticed()
    {
        using var machine = new TestMachine();
        CrashTests.Running(machine);
        machine.Runtime.Halt(Zone);
        using var admin = new RunningAdmin(machine);
        using var killed = new SemaphoreSlim(0);
        machine.Runtime.OnMiddle = what =>
        {
            machine.Runtime.OnMiddle = null;
            killed.Release();
            Thread.Sleep(Timeout.Infinite);
        };
        new Thread(() => new Booter(machine.NewHost()).Boot(Zone.Text)) { IsBackground = true }.Start();
        killed.Wait();
        Thread.Sleep(500); // what was written is looked at by now
        Assert.True(machine.Host.Runtime.Status(Zone).IsBeingBroughtUp);
        machine.Runtime.BootersAreGone = true;
        Wait.Until(() => machine.Host.Runtime.Status(Zone) is { State.Word: "running", Restarts.Total: 0 });
    }

    [Theory]
    [InlineData("create")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("reboot")]
    [InlineData("delete")]
    [InlineData("update of many things")]
    [InlineData("create-snapshot")]
    public void Operations_do_not_notice_that_vminfod_is_killed(string operation)
    {
        var (prepare, act) = CrashTests.Operations[operation];
        string after;
        int steps;
        using (var machine = new TestMachine())
        {
            prepare(machine);
            steps = KilledRun.Count(machine, act);
            after = CrashTests.Shown(machine, power: false);
        }
        for (int step = 1; step <= steps; step++)
        {
            using var machine = new TestMachine();
            prepare(machine);
            var info = new RunningInfo(machine);
            var host = machine.NewHost();
            int at = 0;
            host.Trace = _ =>
            {
                if (++at == step)
                {
                    info.Dispose();
                }
            };
            machine.Runtime.OnMiddle = host.Trace;
            act(host);
            machine.Runtime.OnMiddle = null;
            Assert.Equal(after, CrashTests.Shown(machine, power: false));
            using var again = new RunningInfo(machine);
            using var client = VmInfoClient.TryConnect(machine.Socket);
            var vm = machine.Host.Loader.Load(CrashTests.Uuid);
            var shown = client!.Get(CrashTests.Uuid) is { } line ? JsonNode.Parse(line)!.AsObject() : null;
            shown?.Remove("snapshots");
            Assert.Equal(vm?.Object.ToJsonString(), shown?.ToJsonString());
        }
    }

    [Fact]
    public void What_killed_writers_left_beside_files_goes_and_what_is_being_written_stays()
    {
        using var machine = new TestMachine();
        CrashTests.Running(machine);
        string folder = machine.Layout.Configurations, own = $".{CrashTests.Uuid}.xml.0123abcd.tmp";
        string[] left = [own, ".index.0123abcd.tmp", ".cccccccc-0000-4000-8000-000000000009.xml.0123abcd.tmp"];
        string[] others = [".hidden", ".x.tmp", "notes.tmp"];
        foreach (string name in left.Concat(others))
        {
            File.WriteAllText(Path.Combine(folder, name), "half");
        }
        using var admin = new RunningAdmin(machine);
        using (machine.Host.LockAsItIs(CrashTests.Uuid))
        {
            Wait.Until(() => left.Count(name => File.Exists(Path.Combine(folder, name))) == 1);
            Assert.True(File.Exists(Path.Combine(folder, own)));
        }
        Wait.Until(() => !File.Exists(Path.Combine(folder, own)));
        // One that is left while vmadmd watches.
        File.WriteAllText(Path.Combine(folder, own), "half");
        Wait.Until(() => !File.Exists(Path.Combine(folder, own)));
        Assert.All(others, name => Assert.True(File.Exists(Path.Combine(folder, name))));
    }

    private static void Happen(TestMachine machine, string what)
    {
        switch (what)
        {
            case "it asks for a reboot":
                machine.Runtime.End(Zone, 129);
                break;
            case "it crashes":
                machine.Runtime.End(Zone, 1);
                break;
            case "it ends":
                machine.Runtime.End(Zone, 130);
                break;
            default:
                var operation = what.Contains("start") ? "start" : what.Contains("stop") ? "stop -F" : "reboot -F";
                if (operation == "start")
                {
                    new VmLifecycle(machine.Host).Stop(CrashTests.Uuid, force: true);
                }
                // In the middle of the halt, or of the boot: after the note and the change of autoboot.
                Assert.True(KilledRun.Before(operation == "start" ? 4 : operation == "stop -F" ? 4 : 3, machine, CrashTests.Operations[operation].Do));
                break;
        }
    }

    /// <summary>Its threads stop for good at that step. False: all was done before it came to it.</summary>
    private static bool KillAdminBefore(int step, TestMachine machine, string state, bool autoboot)
    {
        var host = machine.NewHost();
        using var killed = new ManualResetEventSlim();
        int at = 0;
        host.Trace = _ =>
        {
            if (Interlocked.Increment(ref at) == step)
            {
                killed.Set();
                Thread.Sleep(Timeout.Infinite);
            }
        };
        machine.Runtime.OnMiddle = host.Trace;
        var daemon = new VmAdminDaemon(host, JsonLog.None);
        var thread = new Thread(daemon.Run) { IsBackground = true };
        thread.Start();
        Wait.Until(() => killed.IsSet || IsSettled(machine, state, autoboot));
        machine.Runtime.OnMiddle = null;
        if (!killed.IsSet)
        {
            daemon.Stop();
            thread.Join();
            daemon.Dispose();
            return false;
        }
        Directory.Delete(machine.Layout.Locks, recursive: true);
        machine.Runtime.Orphan();
        return true;
    }

    private static bool IsSettled(TestMachine machine, string state, bool autoboot) =>
        Orphans.Of(machine).Count == 0 && machine.Host.Load(CrashTests.Uuid) is { } vm && vm.State == state && vm.Spec.Autoboot == autoboot;
}
