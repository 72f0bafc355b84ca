using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Testing;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Snapshots of a machine whose guest has an agent: it is held still meanwhile, and let go whatever happens.</summary>
public sealed class StillGuestTests : IDisposable
{
    private const string Uuid = "aaaaaaaa-0000-4000-8000-000000000001", Freeze = "guest-fsfreeze-freeze", Thaw = "guest-fsfreeze-thaw";

    private readonly TestMachine _machine = new();

    public StillGuestTests() => Assert.Equal(0, _machine.Vmadm("""
        {"brand": "bhyve", "uuid": "aaaaaaaa-0000-4000-8000-000000000001", "qga": true, "disks": [{"size": 8}]}
        """, "create").Status);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Its_file_systems_are_still_when_the_snapshot_is_taken_and_go_on()
    {
        using var agent = Agent((_, _) => """{"return": 1}""");
        string[] atSnapshot = [];
        _machine.BeforeDataset = (operation, _) => atSnapshot = operation == "snapshot" ? [.. agent.Heard] : atSnapshot;
        Assert.Equal((0, $"Created snapshot one for VM {Uuid}\n"), Take());
        Assert.Equal([Freeze], atSnapshot);
        Assert.Equal([Freeze, Thaw], agent.Heard);
        Assert.False(_machine.Host.Unfinished.Exists(Uuid));
    }

    [Fact]
    public void Without_an_answer_the_snapshot_is_taken_all_the_same_and_it_is_said()
    {
        var (status, words) = Take();
        Assert.Equal(0, status);
        Assert.Contains("are not held still, so that the snapshot is as after a power cut: the machine was not started with a port", words, StringComparison.Ordinal);
        Assert.True(IsThere());
    }

    [Fact]
    public void One_that_refuses_is_let_go_all_the_same()
    {
        using var agent = Agent((command, _) => command == Freeze ? """{"error": {"desc": "a file system is in use"}}""" : """{"return": 0}""");
        var (status, words) = Take();
        Assert.Equal(0, status);
        Assert.Contains("the guest's agent refuses guest-fsfreeze-freeze: a file system is in use", words, StringComparison.Ordinal);
        Assert.Equal([Freeze, Thaw], agent.Heard);
        Assert.True(IsThere());
    }

    [Fact]
    public void A_snapshot_that_fails_lets_it_go_and_so_does_a_second_conversation()
    {
        int thaws = 0;
        using var agent = Agent((command, _) => command == Thaw && ++thaws == 1 ? "nonsense\n" : """{"return": 1}""");
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "snapshot")
            {
                throw new DatasetException(DatasetException.FailedCode, name, "out of space");
            }
        };
        Assert.NotEqual(0, Take().Status);
        Assert.Equal([Freeze, Thaw, Thaw], agent.Heard);
        Assert.False(_machine.Host.Unfinished.Exists(Uuid));
    }

    [Fact]
    public void Who_is_killed_while_it_is_held_is_followed_by_vmadmd()
    {
        using var agent = Agent((_, _) => """{"return": 1}""");
        int steps = KilledRun.Count(_machine, host => new VmSnapshots(host).Create(Uuid, "zero"));
        Assert.Equal(2, steps);
        for (int step = 1; step <= steps; step++)
        {
            agent.Heard.Clear();
            Assert.True(KilledRun.Before(step, _machine, host => new VmSnapshots(host).Create(Uuid, $"one{step}")));
            Assert.DoesNotContain(Thaw, agent.Heard);
            using (new RunningAdmin(_machine))
            {
                Wait.Until(() => agent.Heard.Contains(Thaw) && !_machine.Host.Unfinished.Exists(Uuid));
            }
        }
    }

    [Fact]
    public void One_that_does_not_run_or_has_no_agent_is_not_asked()
    {
        using var agent = Agent((_, _) => """{"return": 1}""");
        Assert.Equal(0, _machine.Vmadm("""{"qga": false}""", "update", Uuid).Status);
        Assert.Equal(0, Take().Status);
        Assert.Equal(0, _machine.Vmadm("""{"qga": true}""", "update", Uuid).Status);
        Assert.Equal(0, _machine.Vmadm(null, "stop", "-F", Uuid).Status);
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", Uuid, "two").Status);
        Assert.Empty(agent.Heard);
    }

    private (int Status, string Words) Take() => _machine.Vmadm(null, "create-snapshot", Uuid, "one") is var run ? (run.Status, string.Concat(_machine.Said) + run.Error) : default;

    private bool IsThere() => _machine.Datasets.Exists(SnapshotName.Parse($"zones/{Uuid}/disk0@vmsnap-one"));

    private ScriptedAgent Agent(Func<string, JsonObject, string?> answer)
    {
        string path = _machine.Layout.GuestAgentSocket(ZoneName.Parse(Uuid));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new ScriptedAgent(path, answer);
    }
}
