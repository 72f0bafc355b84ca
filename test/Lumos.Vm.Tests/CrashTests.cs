using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Reprovision;
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
    internal const string Uuid = "dddddddd-0000-4000-8000-000000000001";

    private static readonly DatasetName Data = DatasetName.Parse($"zones/{Uuid}/data");

    internal static readonly Dictionary<string, (Action<TestMachine> Before, Action<VmHost> Do)> Operations = new()
    {
        ["create"] = (_ => { }, host => Create(host, autoboot: true)),
        ["create without autoboot"] = (_ => { }, host => Create(host, autoboot: false)),
        ["start"] = (Stopped, host => new VmLifecycle(host).Start(Uuid)),
        ["stop"] = (Running, host => new VmLifecycle(host).Stop(Uuid, force: false)),
        ["stop of a stubborn one"] = (Stubborn, host => new VmLifecycle(host).Stop(Uuid, force: false, TimeSpan.Zero)),
        ["stop -F"] = (Running, host => new VmLifecycle(host).Stop(Uuid, force: true)),
        ["reboot"] = (Running, host => new VmLifecycle(host).Reboot(Uuid, force: false)),
        ["reboot -F"] = (Running, host => new VmLifecycle(host).Reboot(Uuid, force: true)),
        ["reboot of a stubborn one, with a limit"] = (Stubborn, host => new VmLifecycle(host).Reboot(Uuid, force: false, TimeSpan.Zero)),
        ["delete"] = (Running, host => new VmLifecycle(host).Delete(Uuid)),
        ["delete of a stopped one"] = (Stopped, host => new VmLifecycle(host).Delete(Uuid)),
        ["delete of one that is archived"] = (Archived, host => new VmLifecycle(host).Delete(Uuid)),
        ["update of one thing"] = (Running, host => Update(host, """{"alias": "b"}""")),
        ["update of what runs"] = (Running, host => Update(host, """{"cpu_cap": 150, "max_lwps": 400}""")),
        ["update of many things"] = (Running, host => Update(host, """
            {"alias": "b", "quota": 20, "cpu_cap": 150, "set_tags": {"a": "1"}, "set_customer_metadata": {"k": "v"}, "set_routes": {"10.9.0.0/16": "10.0.0.1"},
             "resolvers": ["10.0.0.2"], "maintain_resolvers": true}
            """)),
        ["update of a stopped one"] = (Stopped, host => Update(host, """{"alias": "b", "compression": "lz4", "remove_tags": ["t"]}""")),
        ["create-snapshot"] = (Running, host => new VmSnapshots(host).Create(Uuid, "one")),
        ["delete-snapshot"] = (WithSnapshot, host => new VmSnapshots(host).Delete(Uuid, "one")),
        ["rollback-snapshot"] = (Changed, host => new VmRollback(host).Run(Uuid, "one", keepState: false, keepConfiguration: false)),
        ["rollback-snapshot of a stopped one that stays so"] = (ChangedAndStopped, host => new VmRollback(host).Run(Uuid, "one", keepState: true, keepConfiguration: false)),
        ["create of a machine"] = (_ => { }, host => CreateMachine(host, autoboot: true)),
        ["update of the disks of a machine"] = (machine => CreateMachine(machine.Host, autoboot: false), host => Update(host, $$"""
            {"add_disks": [{"image_uuid": "{{TestMachine.DiskImage}}", "size": 50}, {"size": 20, "zpool": "zones"}], "remove_disks": ["/dev/zvol/zones/{{Uuid}}/disk1"], "flexible_disk_size": 400,
             "update_disks": [{"path": "/dev/zvol/zones/{{Uuid}}/disk2", "size": 4, "dangerous_allow_shrink": true}, {"path": "/dev/zvol/zones/{{Uuid}}/disk0", "size": 60, "compression": "zstd"}]}
            """)),
        ["growth of a disk whose guest runs"] = (machine => CreateMachine(machine.Host, autoboot: true), host => Update(host, $$"""{"update_disks": [{"path": "/dev/zvol/zones/{{Uuid}}/disk1", "size": 60}]}""")),
        ["rollback-snapshot of a machine"] = (ChangedMachine, host => new VmRollback(host).Run(Uuid, "one", keepState: false, keepConfiguration: false)),
        ["reprovision of a machine"] = (ChangedMachine, host => Reprovision(host, keepState: false, TestMachine.DiskImage)),
        ["reprovision of a stopped machine that stays so"] = (machine => CreateMachine(machine.Host, autoboot: false), host => Reprovision(host, keepState: true, TestMachine.DiskImage)),
        ["delete of a machine"] = (ChangedMachine, host => new VmLifecycle(host).Delete(Uuid)),
        ["reprovision"] = (Changed, host => Reprovision(host, keepState: false)),
        ["reprovision of a stubborn one"] = (Stubborn, host => Reprovision(host, keepState: true)),
        ["reprovision of a stopped one"] = (ChangedAndStopped, host => Reprovision(host, keepState: false)),
        ["reprovision of a stopped one that stays so"] = (ChangedAndStopped, host => Reprovision(host, keepState: true)),
    };

    public static TheoryData<string, bool> Cuts
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in Operations.Keys)
            {
                data.Add(name, false);
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
                CutPower(machine);
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

    /// <summary>What was to be finished is not waited for when the VM is to go, and what it had set aside goes along.</summary>
    [Theory]
    [InlineData("rollback-snapshot", 4)]
    [InlineData("reprovision", 3)]
    [InlineData("reprovision", 8)]
    [InlineData("reprovision", 9)]
    [InlineData("reprovision", 12)]
    public void A_delete_of_one_that_was_cut_short_is_finished_wherever_it_is_cut_short_too(string operation, int before)
    {
        int steps;
        using (var machine = CutShort())
        {
            steps = KilledRun.Count(machine, Delete);
        }
        for (int step = 2; step <= steps; step++)
        {
            using var machine = CutShort();
            Assert.True(KilledRun.Before(step, machine, Delete));
            using var admin = new RunningAdmin(machine);
            WaitFor($"step {step} of {steps}", machine, power: false, ["gone"]);
        }

        TestMachine CutShort()
        {
            var machine = new TestMachine();
            Changed(machine);
            Assert.True(KilledRun.Before(before, machine, Operations[operation].Do));
            return machine;
        }

        void Delete(VmHost host) => new VmLifecycle(host).Delete(Uuid);
    }

    /// <summary>Whoever goes on with it is killed as well, before each step of that; the third one gets through.</summary>
    [Theory]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("reboot -F")]
    [InlineData("update of a stopped one")]
    public void Cut_short_again_it_is_finished_all_the_same(string operation)
    {
        var (prepare, act) = Operations[operation];
        string before, after;
        int steps;
        using (var machine = new TestMachine())
        {
            prepare(machine);
            before = Shown(machine, power: false);
            steps = KilledRun.Count(machine, act);
            after = Shown(machine, power: false);
        }
        int twice = 0;
        for (int step = 1; step <= steps; step++)
        {
            bool killedAgain = true;
            for (int again = 1; killedAgain; again++)
            {
                using var machine = new TestMachine();
                prepare(machine);
                Assert.True(KilledRun.Before(step, machine, act));
                killedAgain = KilledRun.Before(again, machine, host => host.Lock(Uuid).Dispose());
                twice += killedAgain ? 1 : 0;
                using var admin = new RunningAdmin(machine);
                WaitFor($"step {step}, and step {again} of its recovery", machine, power: false, [before, after]);
            }
        }
        Assert.True(twice > 0, "nothing was killed twice");
    }

    private static void CutPower(TestMachine machine)
    {
        foreach (string folder in (string[])[machine.Layout.States, machine.Layout.Unfinished])
        {
            Directory.CreateDirectory(folder);
            Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
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
    internal static string Shown(TestMachine machine, bool power)
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
        // What the running zone has, not only what is written down of it; and what was written into it.
        string limits = power || (string?)vm.Object["state"] != "running" ? "" : $" limits {machine.Runtime.LastLimits?.CpuCap} {machine.Runtime.LastLimits?.MaxLwps}";
        string resolvers = Path.Combine(vm.Spec.ZonePath, "root/etc/resolv.conf");
        string file = machine.At($"zones/{Uuid}/root/file"), data = machine.Datasets.Exists(Data) ? Encoding.UTF8.GetString(machine.Datasets.GetContent(Data)) : "";
        return shown.ToJsonString().Replace(machine.Root, "") + limits + (File.Exists(resolvers) ? File.ReadAllText(resolvers) : "")
            + $" file: {(File.Exists(file) ? File.ReadAllText(file) : "none")}, data: {data}, "
            + $"volumes: {string.Join(' ', machine.Datasets.List(DatasetName.Parse($"zones/{Uuid}"), DatasetKinds.Volume, null, ["volsize"]).Select(v => $"{v.Name} {v["volsize"]}"))}, "
            + $"snapshots: {string.Join(' ', machine.Datasets.List(DatasetName.Parse($"zones/{Uuid}"), DatasetKinds.Snapshot).Select(s => s.Name))}";
    }

    private static void Create(VmHost host, bool autoboot)
    {
        var report = new PayloadReport();
        var payload = new JsonObject
        {
            ["uuid"] = Uuid, ["image_uuid"] = TestMachine.NativeImage, ["autoboot"] = autoboot, ["alias"] = "a", ["tags"] = new JsonObject { ["t"] = "0" },
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["mac"] = "02:00:00:00:00:01" }),
        };
        var (vm, facts) = new VmCreator(host).Prepare(payload, report);
        new VmCreator(host).Create(vm!, facts!);
    }

    private static void CreateMachine(VmHost host, bool autoboot)
    {
        var report = new PayloadReport();
        var payload = JsonNode.Parse($$"""
            {"brand": "bhyve", "uuid": "{{Uuid}}", "autoboot": {{(autoboot ? "true" : "false")}}, "alias": "a", "flexible_disk_size": 300, "nics": [],
             "disks": [{"image_uuid": "{{TestMachine.DiskImage}}", "size": 50}, {"size": 30}, {"size": 8}]}
            """)!.AsObject();
        var (vm, facts) = new VmCreator(host).Prepare(payload, report);
        report.ThrowIfFaulty();
        new VmCreator(host).Create(vm!, facts!);
    }

    private static void ChangedMachine(TestMachine machine)
    {
        CreateMachine(machine.Host, autoboot: false);
        new VmSnapshots(machine.Host).Create(Uuid, "one");
        Update(machine.Host, $$"""{"alias": "changed", "add_disks": [{"size": 9}], "update_disks": [{"path": "/dev/zvol/zones/{{Uuid}}/disk1", "model": "nvme"}]}""");
        new VmLifecycle(machine.Host).Start(Uuid);
    }

    private static void Update(VmHost host, string payload) =>
        new VmUpdater(host).Update(Uuid, JsonNode.Parse(payload)!.AsObject(), new PayloadReport(), _ => { });

    internal static void Running(TestMachine machine) => Create(machine.Host, autoboot: true);

    private static void Stopped(TestMachine machine) => Create(machine.Host, autoboot: false);

    private static void Stubborn(TestMachine machine)
    {
        Running(machine);
        machine.Runtime.Stubborn[Uuid] = true;
    }

    private static void Reprovision(VmHost host, bool keepState, string image = TestMachine.OtherNativeImage) => new VmReprovision(host) { StopTime = TimeSpan.Zero }.Run(
        Uuid, new JsonObject { ["image_uuid"] = image }, keepState, new PayloadReport(), () => { });

    /// <summary>Running, with delegated data, a snapshot, and changes since in all three: configuration, root, data.</summary>
    private static void Changed(TestMachine machine)
    {
        Running(machine);
        Change(machine);
    }

    private static void ChangedAndStopped(TestMachine machine)
    {
        Stopped(machine);
        Change(machine);
    }

    private static void Change(TestMachine machine)
    {
        string file = machine.At($"zones/{Uuid}/root/file");
        machine.Datasets.Create(Data);
        machine.Datasets.SetProperties(Data, new Dictionary<string, string> { ["zoned"] = "on" });
        machine.Datasets.SetContent(Data, "first"u8.ToArray());
        File.WriteAllText(file, "first");
        new VmSnapshots(machine.Host).Create(Uuid, "one");
        machine.Datasets.SetContent(Data, "second"u8.ToArray());
        File.WriteAllText(file, "second");
        Update(machine.Host, """{"alias": "changed"}""");
    }

    private static void Archived(TestMachine machine)
    {
        Running(machine);
        Update(machine.Host, """{"archive_on_delete": true}""");
    }

    private static void WithSnapshot(TestMachine machine)
    {
        Running(machine);
        new VmSnapshots(machine.Host).Create(Uuid, "one");
    }
}
