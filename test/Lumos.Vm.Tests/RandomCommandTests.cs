using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>
/// Random sequences of commands and of what guests do by themselves, against a model of a few lines. After each one everything
/// that is shown is what the model says. A sequence that fails is cut down to the commands that it takes, and told.
/// LUMOS_SEED=N runs another one.
/// </summary>
public class RandomCommandTests
{
    private const int Length = 60, MostVms = 4;

    public static TheoryData<int> Seeds
    {
        get
        {
            var seeds = new TheoryData<int>(1, 2, 3, 4, 5, 6, 7, 8);
            if (int.TryParse(Environment.GetEnvironmentVariable("LUMOS_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out int more))
            {
                seeds.Add(more);
            }
            return seeds;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_shown_is_what_the_model_says(int seed)
    {
        var random = new Random(seed);
        var commands = Enumerable.Range(0, Length).Select(_ => new Command(random.Next(Actions.Length), random.Next(MostVms), random.Next(1000))).ToList();
        if (Fault(commands) is not { } fault)
        {
            return;
        }
        for (int at = commands.Count - 1; at >= 0; at--)
        {
            var fewer = commands.Where((_, i) => i != at).ToList();
            if (Fault(fewer) is { } still)
            {
                (commands, fault) = (fewer, still);
            }
        }
        Assert.Fail($"seed {seed}: {string.Join("; ", commands)}\n{fault}");
    }

    [Fact]
    public void A_model_that_is_wrong_is_noticed()
    {
        using var machine = new TestMachine();
        var world = new World(machine);
        Assert.Null(world.Check());
        Actions[0].Do(world, 0, 0);
        Assert.Null(world.Check());
        world.Vms[0]!.Alias = "another";
        Assert.NotNull(world.Check());
    }

    private static string? Fault(IReadOnlyList<Command> commands)
    {
        using var machine = new TestMachine();
        using var admin = new RunningAdmin(machine);
        var world = new World(machine);
        foreach (var command in commands)
        {
            Actions[command.Action].Do(world, command.Vm, command.Value);
            if (world.Check() is { } fault)
            {
                return $"after {command}: {fault}";
            }
        }
        return null;
    }

    private static readonly (string Name, Action<World, int, int> Do)[] Actions =
    [
        ("create", (w, i, v) => w.Create(i, v)),
        ("create", (w, i, v) => w.Create(i, v)),
        ("start", (w, i, _) => w.Expect(i, vm => vm is null ? 1 : 0, vm => (vm.Running, vm.Autoboot) = (true, true), "start")),
        ("stop", (w, i, _) => w.Expect(i, vm => vm is null ? 1 : 0, vm => (vm.Running, vm.Autoboot) = (false, false), "stop")),
        ("stop -F", (w, i, _) => w.Expect(i, vm => vm is null ? 1 : 0, vm => (vm.Running, vm.Autoboot) = (false, false), "stop", "-F")),
        ("reboot", (w, i, _) => w.Expect(i, vm => vm is { Running: true } ? 0 : 1, _ => { }, "reboot")),
        ("reboot -F", (w, i, _) => w.Expect(i, vm => vm is { Running: true } ? 0 : 1, _ => { }, "reboot", "-F")),
        ("update alias", (w, i, v) => w.Update(i, v, "alias", vm => vm.Alias = $"n{v}", $"n{v}")),
        ("update quota", (w, i, v) => w.Update(i, v, "quota", vm => vm.Quota = v, $"{v}")),
        ("update autoboot", (w, i, v) => w.Update(i, v, "autoboot", vm => vm.Autoboot = v % 2 == 0, v % 2 == 0 ? "true" : "false")),
        ("update indestructible_zoneroot", (w, i, v) => w.Update(i, v, "indestructible_zoneroot", vm => vm.Stays = v % 4 == 0, v % 4 == 0 ? "true" : "false")),
        ("reprovision", (w, i, _) => w.Reprovision(i, keepState: false)),
        ("reprovision --keep-state", (w, i, _) => w.Reprovision(i, keepState: true)),
        ("delete", (w, i, _) => w.Delete(i)),
        ("create-snapshot", (w, i, v) => w.Snapshot(i, $"s{v % 3}", make: true)),
        ("delete-snapshot", (w, i, v) => w.Snapshot(i, $"s{v % 3}", make: false)),
        ("guest powers off", (w, i, _) => w.End(i, 130, stays: false)),
        ("guest reboots", (w, i, _) => w.End(i, 129, stays: true)),
    ];

    private sealed record Command(int Action, int Vm, int Value)
    {
        public override string ToString() => $"{Actions[Action].Name} {Vm} {Value}";
    }

    private sealed class ModelVm
    {
        public bool Running { get; set; }

        public bool Autoboot { get; set; }

        public string Alias { get; set; } = "";

        public int Quota { get; set; } = 10;

        /// <summary>Neither deleted nor reprovisioned.</summary>
        public bool Stays { get; set; }

        public SortedSet<string> Snapshots { get; } = new(StringComparer.Ordinal);

        public override string ToString() => $"{(Running ? "running" : "stopped")} {Autoboot} {Alias} {Quota} {Stays} {string.Join(',', Snapshots)}";
    }

    private sealed class World(TestMachine machine)
    {
        private string? _unexpected;

        public ModelVm?[] Vms { get; } = new ModelVm?[MostVms];

        public void Create(int i, int value)
        {
            var payload = new JsonObject { ["uuid"] = Uuid(i), ["image_uuid"] = TestMachine.NativeImage, ["alias"] = $"a{value}", ["autoboot"] = value % 3 != 0 };
            Judge("create", machine.Vmadm(payload.ToJsonString(), "create"), Vms[i] is null ? 0 : 1);
            Vms[i] ??= new ModelVm { Running = value % 3 != 0, Autoboot = value % 3 != 0, Alias = $"a{value}" };
        }

        public void Expect(int i, Func<ModelVm?, int> status, Action<ModelVm> change, string verb, params string[] options)
        {
            int expected = status(Vms[i]);
            Judge(verb, machine.Vmadm(null, [verb, Uuid(i), .. options]), expected);
            if (expected == 0)
            {
                change(Vms[i]!);
            }
        }

        public void Update(int i, int value, string name, Action<ModelVm> change, string text)
        {
            _ = value;
            Judge("update", machine.Vmadm(null, "update", Uuid(i), $"{name}={text}"), Vms[i] is null ? 1 : 0);
            if (Vms[i] is { } vm)
            {
                change(vm);
            }
        }

        public void Delete(int i)
        {
            bool can = Vms[i] is { Stays: false };
            Judge("delete", machine.Vmadm(null, "delete", Uuid(i)), can ? 0 : 1);
            Vms[i] = can ? null : Vms[i];
        }

        public void Reprovision(int i, bool keepState)
        {
            string[] words = ["reprovision", .. keepState ? (string[])["--keep-state"] : [], Uuid(i)];
            bool can = Vms[i] is { Stays: false };
            Judge("reprovision", machine.Vmadm($$"""{"image_uuid": "{{TestMachine.OtherNativeImage}}"}""", words), can ? 0 : 1);
            if (can)
            {
                Vms[i]!.Snapshots.Clear();
                if (!keepState || Vms[i]!.Running)
                {
                    (Vms[i]!.Running, Vms[i]!.Autoboot) = (true, true);
                }
            }
        }

        public void Snapshot(int i, string name, bool make)
        {
            bool can = Vms[i] is { } vm && vm.Snapshots.Contains(name) != make;
            Judge("snapshot", machine.Vmadm(null, make ? "create-snapshot" : "delete-snapshot", Uuid(i), name), can ? 0 : 1);
            if (can)
            {
                _ = make ? Vms[i]!.Snapshots.Add(name) : Vms[i]!.Snapshots.Remove(name);
            }
        }

        public void End(int i, int status, bool stays)
        {
            if (Vms[i] is not { Running: true } vm)
            {
                return;
            }
            int boots = machine.Runtime.Calls.ToArray().Count(c => c == "boot " + Uuid(i));
            machine.Runtime.End(ZoneName.Parse(Uuid(i)), status);
            vm.Running = stays;
            // vmadmd does it, and takes its note away last.
            Wait.Until(() => Orphans.Of(machine).Count == 0 && State(i) == (stays ? "running" : "stopped")
                && machine.Runtime.Calls.ToArray().Count(c => c == "boot " + Uuid(i)) == boots + (stays ? 1 : 0));
            // It runs before vmadmd has taken its note away; with the lock it has.
            machine.Host.LockAsItIs(Uuid(i), quietly: true).Dispose();
        }

        /// <summary>What is not as the model says; null: all is.</summary>
        public string? Check()
        {
            if (_unexpected is not null || Orphans.Of(machine) is { Count: > 0 } orphans && (_unexpected = string.Join("; ", orphans)).Length > 0)
            {
                return _unexpected;
            }
            for (int i = 0; i < MostVms; i++)
            {
                string shown = "", expected = Vms[i]?.ToString() ?? "";
                if (machine.Vmadm(null, "lookup", "uuid=" + Uuid(i)).Out.Length > 0)
                {
                    var vm = machine.Get(Uuid(i));
                    shown = $"{vm["state"]} {(bool)vm["autoboot"]!} {vm["alias"]} {vm["quota"]} {vm["indestructible_zoneroot"] is not null} "
                        + string.Join(',', ((JsonArray)vm["snapshots"]!).Select(s => (string)s!["name"]!).Order(StringComparer.Ordinal));
                }
                if (shown != expected)
                {
                    return $"VM {i} is \"{shown}\", not \"{expected}\"";
                }
            }
            return null;
        }

        private void Judge(string verb, Run run, int expected)
        {
            if (run.Status != expected)
            {
                _unexpected = $"{verb} ended with {run.Status}, not {expected}: {run.Error}";
            }
        }

        private string? State(int i) => (string?)machine.Get(Uuid(i))["state"];

        private static string Uuid(int i) => $"eeeeeeee-0000-4000-8000-{i:x12}";
    }
}
