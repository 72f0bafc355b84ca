using System.Diagnostics;
using System.Text.Json.Nodes;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Snapshots;
using Lumos.Vm.Update;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>
/// Every operation, cut short before each of its steps: by a kill of the client, or by a power cut that takes what runs as well.
/// Once vmadmd has looked, the VM is as it was before or as it was to be, nothing belongs to nobody, and it can be used and deleted.
/// </summary>
public sealed class CrashTests
{
    private const string Uuid = "dddddddd-0000-4000-8000-000000000001";

    private static readonly Dictionary<string, (Action<TestMachine> Before, Action<VmHost> Do)> Operations = new()
    {
        ["create"] = (_ => { }, host => Create(host, autoboot: true)),
        ["create without autoboot"] = (_ => { }, host => Create(host, autoboot: false)),
        ["start"] = (Stopped, host => new VmLifecycle(host).Start(Uuid)),
        ["stop"] = (Running, host => new VmLifecycle(host).Stop(Uuid, force: false)),
        ["stop of a stubborn one"] = (Stubborn, host => new VmLifecycle(host).Stop(Uuid, force: false, TimeSpan.Zero)),
        ["stop -F"] = (Running, host => new VmLifecycle(host).Stop(Uuid, force: true)),
        ["reboot"] = (Running, host => new VmLifecycle(host).Reboot(Uuid, force: false)),
        ["reboot -F"] = (Running, host => new VmLifecycle(host).Reboot(Uuid, force: true)),
        ["delete"] = (Running, host => new VmLifecycle(host).Delete(Uuid)),
        ["delete of a stopped one"] = (Stopped, host => new VmLifecycle(host).Delete(Uuid)),
        ["update of one thing"] = (Running, host => Update(host, """{"alias": "b"}""")),
        ["create-snapshot"] = (Running, host => new VmSnapshots(host).Create(Uuid, "one")),
        ["delete-snapshot"] = (WithSnapshot, host => new VmSnapshots(host).Delete(Uuid, "one")),
    };

    public static TheoryData<string, bool> Cuts
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in Operations.Keys)
            {
                if (name != "start" && !name.StartsWith("stop", StringComparison.Ordinal) && !name.StartsWith("reboot", StringComparison.Ordinal))
                {
                    data.Add(name, false);
                }
                data.Add(name, true);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Cut_short_anywhere_it_was_not_begun_or_is_finished(string operation, bool power)
    {
        var (prepare, act) = Operations[operation];
        string before, after;
        int steps;
        using (var machine = new TestMachine())
        {
            prepare(machine);
            before = Shown(machine, power);
            steps = KilledRun.Count(machine, act);
            after = Shown(machine, power);
        }
        Assert.True(steps > 0 || operation.EndsWith("snapshot", StringComparison.Ordinal), "an operation that tells no step is not tested");
        for (int step = 1; step <= steps; step++)
        {
            using var machine = new TestMachine();
            prepare(machine);
            Assert.True(KilledRun.Before(step, machine, act));
            if (power)
            {
                Directory.Delete(machine.Layout.States, recursive: true);
                Directory.CreateDirectory(machine.Layout.States);
            }
            using (new RunningAdmin(machine))
            {
                if (power)
                {
                    new AllZones(machine.Host).Boot();
                }
                WaitFor($"step {step} of {steps}", machine, power, [before, after]);
            }
            machine.Runtime.Stubborn.Clear();
            foreach (var entry in machine.Host.Zones.ReadIndex().Zones.ToList())
            {
                Assert.Equal(0, machine.Vmadm(null, "delete", entry.Uuid) is var run && run.Status == 0 ? 0 : throw new InvalidOperationException(run.Error));
            }
            Assert.Empty(Orphans.Of(machine));
        }
    }

    private static void WaitFor(string what, TestMachine machine, bool power, string[] allowed)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(2))
        {
            var orphans = Orphans.Of(machine);
            string shown = orphans.Count == 0 ? Shown(machine, power) : "";
            if (orphans.Count == 0 && allowed.Contains(shown))
            {
                return;
            }
            if (clock.Elapsed > TimeSpan.FromSeconds(20))
            {
                Assert.Fail($"killed before {what}: {string.Join("; ", orphans)}\n{shown}\nis neither\n{string.Join("\nnor\n", allowed)}");
            }
        }
    }

    /// <summary>The VM without what differs from run to run; "gone" for none. After a power cut a VM runs that has autoboot.</summary>
    private static string Shown(TestMachine machine, bool power)
    {
        if (machine.Host.Loader.Load(Uuid) is not { } vm)
        {
            return "gone";
        }
        var shown = (JsonObject)vm.Object.DeepClone();
        foreach (string name in (string[])["boot_timestamp", "create_timestamp", "last_modified", "zoneid", "pid", "init_restarts", "exit_status", "exit_timestamp"])
        {
            shown.Remove(name);
        }
        if (power)
        {
            shown.Remove("state");
            shown.Remove("zone_state");
        }
        return shown.ToJsonString().Replace(machine.Root, "");
    }

    private static void Create(VmHost host, bool autoboot)
    {
        var report = new PayloadReport();
        var payload = new JsonObject { ["uuid"] = Uuid, ["image_uuid"] = TestMachine.NativeImage, ["autoboot"] = autoboot, ["alias"] = "a" };
        var (vm, facts) = new VmCreator(host).Prepare(payload, report);
        new VmCreator(host).Create(vm!, facts!);
    }

    private static void Update(VmHost host, string payload) =>
        new VmUpdater(host).Update(Uuid, JsonNode.Parse(payload)!.AsObject(), new PayloadReport(), () => { });

    private static void Running(TestMachine machine) => Create(machine.Host, autoboot: true);

    private static void Stopped(TestMachine machine) => Create(machine.Host, autoboot: false);

    private static void Stubborn(TestMachine machine)
    {
        Running(machine);
        machine.Runtime.Stubborn[Uuid] = true;
    }

    private static void WithSnapshot(TestMachine machine)
    {
        Running(machine);
        new VmSnapshots(machine.Host).Create(Uuid, "one");
    }
}
