using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Migrate;
using Lumos.Vm.Send;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Migrations between two machines in memory, and what becomes of them when something breaks at each of their steps.</summary>
public sealed class MigrateTests : IDisposable
{
    private readonly TwoMachines _two = new();
    private readonly List<string> _stages = [];

    public void Dispose() => _two.Dispose();

    [Fact]
    public void A_running_VM_is_sent_while_it_runs_stopped_and_started_there()
    {
        string uuid = _two.Create();
        var target = new MachineTarget(_two.B);
        Assert.Contains($"can be moved to root@b", Migration(target).Rehearse(uuid, full: false).Message);
        Assert.Equal(["receive --check"], target.Calls);
        target.Calls.Clear();

        var outcome = Migration(target).Move(uuid, full: false);
        Assert.Equal($"Successfully moved VM {uuid} to root@b; it is kept here, stopped: \"vmadm migrate --finish {uuid}\" removes it", outcome.Message);
        Assert.Equal(["receive --check", "receive", "receive", $"install {uuid}", $"start {uuid}"], target.Calls);
        Assert.Equal(["asking root@b", "sending, round 1", "stopping", "sending the rest", "installing", "starting on root@b"], _stages);
        Assert.Equal(("stopped", "running"), (State(_two.A, uuid), State(_two.B, uuid)));
        Assert.Equal((false, true), ((bool)_two.A.Get(uuid)["autoboot"]!, (bool)_two.B.Get(uuid)["autoboot"]!));
        Assert.Equal("one", _two.ReadAtB(uuid));
        Assert.Equal("rows"u8.ToArray(), _two.B.Datasets.GetContent(DatasetName.Parse($"zones/{uuid}/data")));

        Assert.Contains("was moved to root@b", _two.A.Vmadm(null, "start", uuid).Error);
        Assert.Equal("VmMoved", Assert.Throws<LumosException>(() => Migration(target).Move(uuid, full: false)).Code);
        Assert.Equal("VmMoved", Assert.Throws<LumosException>(() => End(target).Abort(uuid, force: false)).Code);
        Assert.Equal("root@b", MigrationEnd.TargetOf(_two.A.Host, uuid));
        Assert.Equal($"Successfully removed VM {uuid}, which is on root@b", End(target).Finish(uuid).Message);
        Assert.Contains("No such zone", _two.A.Vmadm(null, "get", uuid).Error);
        Assert.Equal("running", State(_two.B, uuid));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_VM_that_is_stopped_is_moved_and_stays_stopped(bool autoboot)
    {
        string uuid = _two.Create();
        _two.A.Vmadm(null, "stop", uuid);
        if (autoboot)
        {
            _two.A.Vmadm(null, "update", uuid, "autoboot=true");
        }
        var target = new MachineTarget(_two.B);
        Migration(target).Move(uuid, full: false);
        Assert.Equal(("stopped", "stopped"), (State(_two.A, uuid), State(_two.B, uuid)));
        Assert.Equal((false, autoboot), ((bool)_two.A.Get(uuid)["autoboot"]!, (bool)_two.B.Get(uuid)["autoboot"]!));
    }

    [Fact]
    public void What_the_VM_writes_between_the_rounds_goes_along()
    {
        string uuid = _two.Create();
        bool written = false;
        _two.A.BeforeDataset = (operation, name) =>
        {
            if (operation == "send" && !written)
            {
                written = true;
                File.WriteAllText(_two.A.At($"zones/{uuid}/root/etc/note"), "written while it was sent");
            }
        };
        Migration(new MachineTarget(_two.B)).Move(uuid, full: false);
        Assert.Equal("written while it was sent", _two.ReadAtB(uuid));
    }

    [Theory]
    [InlineData(1, 100L << 20, 60, null, false)]
    [InlineData(1, 5L << 20, 60, null, true)]
    [InlineData(2, 40L << 20, 60, 100L << 20, false)]
    [InlineData(2, 40L << 20, 2, 100L << 20, true)]
    [InlineData(3, 90L << 20, 60, 100L << 20, true)]
    [InlineData(10, 40L << 20, 60, 100L << 20, true)]
    public void Rounds_end_when_they_gain_no_more(int round, long bytes, int seconds, long? before, bool last) =>
        Assert.Equal(last, MigrationRounds.IsLast(round, bytes, TimeSpan.FromSeconds(seconds), before));

    /// <summary>Whatever breaks at whichever call: the VM runs in one place, and never in two.</summary>
    [Theory]
    [InlineData("Refused", false)]
    [InlineData("Lost", false)]
    [InlineData("Lost", true)]
    [InlineData("Unheard", false)]
    [InlineData("Unheard", true)]
    [InlineData("Cut", false)]
    [InlineData("Cut", true)]
    [InlineData("KilledBefore", false)]
    [InlineData("KilledAfter", false)]
    public void Whatever_breaks_the_VM_runs_in_one_place(string fate, bool staysDown)
    {
        for (int call = 1; call <= 5; call++)
        {
            using var two = new TwoMachines();
            string uuid = two.Create();
            var target = new MachineTarget(two.B) { FatefulCall = call, Fate = Enum.Parse<Fate>(fate), StaysDown = staysDown };
            string where = $"{fate} at call {call}{(staysDown ? ", for good" : "")}";
            var failure = Record.Exception(() => Migration(target, two.A).Move(uuid, full: false));
            Assert.True(failure is null or LumosException or Killed, $"{where}: {failure}");
            var (a, b) = (State(two.A, uuid), StateOrNone(two.B, uuid));
            Assert.False(a == "running" && b == "running", $"{where}: it runs twice");
            if (failure is Killed)
            {
                using (new RunningAdmin(two.A))
                {
                    var mark = Mark(two.A, uuid);
                    if (mark is { Phase: MigrationPhase.Stopped })
                    {
                        Wait.Until(() => State(two.A, uuid) == "running");
                    }
                }
            }
            else if (failure is not null && Mark(two.A, uuid) is null)
            {
                Assert.True(a == "running", $"{where}: it does not run here any more, though the move failed: {LumosException.Describe(failure)}");
            }
            if (Mark(two.A, uuid) is { Phase: MigrationPhase.Switching })
            {
                Assert.Equal("stopped", State(two.A, uuid));
                Assert.Contains("may run it", two.A.Vmadm(null, "start", uuid).Error);
            }

            // The line is up again. The same command settles it, unless it was settled; a copy that is in the way is named.
            target.FatefulCall = 0;
            if (Mark(two.A, uuid)?.Phase != MigrationPhase.Moved)
            {
                var again = Record.Exception(() => Migration(target, two.A).Move(uuid, full: false));
                if (again is not null)
                {
                    Assert.Contains("exists on this machine already", LumosException.Describe(again));
                    Assert.Equal(("running", "stopped"), (State(two.A, uuid), State(two.B, uuid)));
                    two.B.Vmadm(null, "delete", uuid);
                    Migration(target, two.A).Move(uuid, full: false);
                }
            }
            Assert.Equal(("stopped", "running"), (State(two.A, uuid), State(two.B, uuid)));
            Assert.Equal("one", two.ReadAtB(uuid));
        }
    }

    [Fact]
    public void A_VM_that_does_not_come_up_there_is_here_again_and_not_there()
    {
        string uuid = _two.Create();
        _two.B.Runtime.BootFailure = new LumosException("ZoneBootFailed", "no room for it");
        var failure = Assert.Throws<LumosException>(() => Migration(new MachineTarget(_two.B)).Move(uuid, full: false));
        Assert.Contains("is here as it was", failure.Message);
        Assert.Contains("no room for it", LumosException.Describe(failure));
        Assert.Equal(("running", "none"), (State(_two.A, uuid), StateOrNone(_two.B, uuid)));
        Assert.True((bool)_two.A.Get(uuid)["autoboot"]!);
    }

    [Fact]
    public void Abort_takes_away_what_is_there()
    {
        string uuid = _two.Create();
        var target = new MachineTarget(_two.B) { FatefulCall = 3, Fate = Fate.Cut };
        Assert.Throws<LumosException>(() => Migration(target).Move(uuid, full: false));
        Assert.Equal(("running", "receiving"), (State(_two.A, uuid), StateOrNone(_two.B, uuid)));
        Assert.Contains("nothing of it is on root@b", End(target).Abort(uuid, force: false).Message);
        Assert.Equal(("running", "none"), (State(_two.A, uuid), StateOrNone(_two.B, uuid)));
        Assert.DoesNotContain(_two.A.Datasets.List(DatasetName.Parse($"zones/{uuid}"), DatasetKinds.Snapshot), e => e.Snapshot!.Name.StartsWith(VmSender.Prefix));
    }

    [Fact]
    public void Only_force_runs_a_VM_here_whose_target_is_dead()
    {
        string uuid = _two.Create();
        var target = new MachineTarget(_two.B) { FatefulCall = 5, Fate = Fate.Lost, StaysDown = true };
        var failure = Assert.Throws<LumosException>(() => Migration(target).Move(uuid, full: false));
        Assert.Equal("TargetLost", failure.Code);
        Assert.Equal("stopped", State(_two.A, uuid));
        Assert.Equal("TargetLost", Assert.Throws<LumosException>(() => End(target).Abort(uuid, force: false)).Code);
        Assert.Contains("was not asked", End(target).Abort(uuid, force: true).Message);
        Assert.Equal(("running", true), (State(_two.A, uuid), (bool)_two.A.Get(uuid)["autoboot"]!));
        Assert.Equal("WrongState", Assert.Throws<LumosException>(() => End(target).Finish(uuid)).Code);
    }

    [Fact]
    public void Odd_words_are_wrong_usage()
    {
        string uuid = _two.Create();
        string[][] odd =
        [
            ["migrate"], ["migrate", uuid], ["migrate", uuid, "-oProxyCommand=x"], ["migrate", uuid, "a b"], ["migrate", "--finish", "--abort", uuid, "h"],
            ["migrate", "-n", "--abort", uuid, "h"], ["migrate", "-n", "--finish", uuid], ["migrate", "--full", "--abort", uuid, "h"], ["migrate", "--full", "--finish", uuid],
            ["migrate", "--force", uuid, "h"], ["migrate", "--force", "--finish", uuid],
        ];
        foreach (string[] words in odd)
        {
            Assert.Equal((2, string.Join(' ', words)), (_two.A.Vmadm(null, words).Status, string.Join(' ', words)));
        }
        Assert.Equal(1, _two.A.Vmadm(null, "migrate", "--finish", uuid).Status);
        var lost = _two.A.Vmadm(null, "migrate", "-e", "/bin/false", uuid, "nowhere");
        Assert.Equal(1, lost.Status);
        Assert.Contains($"VM {uuid} cannot be moved to nowhere", lost.Error);
    }

    /// <summary>Killed wherever it may be while it takes a VM back, it has not begun, or the VM runs and nothing says that it is on its way.</summary>
    [Theory]
    [InlineData(MigrationPhase.Stopped)]
    [InlineData(MigrationPhase.Switching)]
    public void Taken_back_and_killed_before_any_step_it_runs_here_again(MigrationPhase phase)
    {
        int steps;
        using (var machine = OnItsWay(phase, out string uuid))
        {
            steps = KilledRun.Count(machine, host => TakeBack(host, uuid));
            Assert.Equal(("running", true), (State(machine, uuid), (bool)machine.Get(uuid)["autoboot"]!));
        }
        Assert.True(steps >= 3, "its steps are not told");
        for (int step = 1; step <= steps; step++)
        {
            using var machine = OnItsWay(phase, out string uuid);
            Assert.True(KilledRun.Before(step, machine, host => TakeBack(host, uuid)));
            using var admin = new RunningAdmin(machine);
            if (step == 1 && phase == MigrationPhase.Switching)
            {
                Assert.Equal((phase, "stopped"), (Mark(machine, uuid)?.Phase, State(machine, uuid)));
                continue;
            }
            Wait.Until(() => State(machine, uuid) == "running" && Mark(machine, uuid) is null && !machine.Host.Unfinished.Exists(uuid));
            Assert.True((bool)machine.Get(uuid)["autoboot"]!);
            Assert.Equal(0, machine.Vmadm(null, "stop", uuid).Status);
            Assert.Equal("stopped", State(machine, uuid));
        }

        static void TakeBack(Host.VmHost host, string uuid)
        {
            using var held = host.Lock(uuid);
            MigrationSwitch.RunHereAgain(host, uuid);
        }

        static TestMachine OnItsWay(MigrationPhase phase, out string uuid)
        {
            var machine = new TestMachine();
            uuid = machine.Create();
            Assert.Equal(0, machine.Vmadm(null, "stop", uuid).Status);
            var mark = new MigrationMark(phase, "root@b", Runs: true, Autoboot: true);
            machine.Host.Zones.Save(mark.PutOn(machine.Host.Zones.Load(Zones.ZoneName.Parse(uuid))));
            return machine;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_boots_one_that_was_stopped_to_be_moved_takes_its_mark_off(bool asked)
    {
        using var machine = new TestMachine();
        string uuid = machine.Create();
        var name = Zones.ZoneName.Parse(uuid);
        Assert.Equal(0, machine.Vmadm(null, "stop", uuid).Status);
        var mark = new MigrationMark(MigrationPhase.Stopped, "root@b", Runs: true, Autoboot: !asked);
        machine.Host.Zones.Save(mark.PutOn(machine.Host.Zones.Load(name)) with { Autoboot = !asked });
        if (asked)
        {
            Assert.Equal(0, machine.Vmadm(null, "start", uuid).Status);
        }
        else
        {
            Assert.Equal(0, new Lifecycle.AllZones(machine.Host).Boot());
        }
        Assert.Equal(("running", true), (State(machine, uuid), (bool)machine.Get(uuid)["autoboot"]!));
        Assert.Null(Mark(machine, uuid)); // vmadmd starts whatever has it and is stopped
    }

    private VmMigration Migration(IMigrationTarget target, TestMachine? from = null) =>
        new((from ?? _two.A).NewHost(), target, new MigrationReport(_stages.Add, _ => { })) { Patience = TimeSpan.FromMilliseconds(1) };

    private MigrationEnd End(IMigrationTarget target) => new(_two.A.Host, target) { Patience = TimeSpan.FromMilliseconds(1) };

    private static MigrationMark? Mark(TestMachine machine, string uuid) => MigrationMark.Of(machine.Host.Zones.TryLoad(Zones.ZoneName.Parse(uuid)));

    private static string State(TestMachine machine, string uuid) => (string)machine.Get(uuid)["state"]!;

    private static string StateOrNone(TestMachine machine, string uuid) => machine.Host.Loader.Entry(uuid) is null ? "none" : State(machine, uuid);
}
