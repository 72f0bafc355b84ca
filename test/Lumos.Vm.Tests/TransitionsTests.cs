using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public class TransitionsTests
{
    // The twelve states of SmartOS, and mounted, which its zones have and vmadm shows as it is.
    private static readonly string[] All =
    [
        "configured", "incomplete", "provisioning", "receiving", "failed", "stopped", "ready", "running", "shutting_down", "down", "stopping", "mounted",
    ];

    [Fact]
    public void Every_state_has_an_answer_to_every_request()
    {
        Assert.Equal(All.Order(), Transitions.States.Order());
        foreach (string state in All)
        {
            foreach (var request in Enum.GetValues<VmRequest>())
            {
                foreach (var zone in Enum.GetValues<ZoneState>())
                {
                    Transitions.Of(request, state, zone);
                    Transitions.Of(request, state, zone, force: true);
                }
            }
            Assert.Equal(Verdict.Go, Transitions.Of(VmRequest.Delete, state, ZoneState.Installed));
            Assert.Equal(Verdict.Go, Transitions.Of(VmRequest.Delete, state, ZoneState.Running));
        }
    }

    [Theory]
    [InlineData("stopped", ZoneState.Installed, Verdict.Go, Verdict.Already, Verdict.Refused)]
    [InlineData("running", ZoneState.Running, Verdict.Already, Verdict.Go, Verdict.Go)]
    [InlineData("shutting_down", ZoneState.ShuttingDown, Verdict.Refused, Verdict.Go, Verdict.Refused)]
    [InlineData("down", ZoneState.Down, Verdict.Go, Verdict.Go, Verdict.Refused)]
    [InlineData("provisioning", ZoneState.Installed, Verdict.Go, Verdict.Already, Verdict.Refused)]
    [InlineData("provisioning", ZoneState.Running, Verdict.Refused, Verdict.Go, Verdict.Refused)]
    [InlineData("failed", ZoneState.Running, Verdict.Refused, Verdict.Go, Verdict.Refused)]
    [InlineData("failed", ZoneState.Installed, Verdict.Refused, Verdict.Already, Verdict.Refused)]
    [InlineData("configured", ZoneState.Configured, Verdict.Refused, Verdict.Already, Verdict.Refused)]
    [InlineData("incomplete", ZoneState.Incomplete, Verdict.Refused, Verdict.Already, Verdict.Refused)]
    public void What_is_allowed_is_what_SmartOS_allows(string state, ZoneState zone, Verdict start, Verdict stop, Verdict reboot) =>
        Assert.Equal((start, stop, reboot), (Transitions.Of(VmRequest.Start, state, zone), Transitions.Of(VmRequest.Stop, state, zone),
            Transitions.Of(VmRequest.Reboot, state, zone)));

    [Fact]
    public void What_did_not_go_down_when_asked_can_be_rebooted_by_force() =>
        Assert.Equal(Verdict.Go, Transitions.Of(VmRequest.Reboot, "shutting_down", ZoneState.ShuttingDown, force: true));

    public static TheoryData<ZoneState, bool, bool, bool, string> WorkedOut => new()
    {
        { ZoneState.Configured, false, false, false, "configured" },
        { ZoneState.Incomplete, false, false, false, "incomplete" },
        { ZoneState.Installed, false, false, false, "stopped" },
        { ZoneState.Ready, false, false, false, "ready" },
        { ZoneState.Running, false, false, false, "running" },
        { ZoneState.ShuttingDown, false, false, false, "shutting_down" },
        { ZoneState.Down, false, false, false, "down" },
        { ZoneState.Mounted, false, false, false, "mounted" },
        { ZoneState.Running, true, false, false, "provisioning" },
        { ZoneState.Installed, true, false, false, "provisioning" },
        { ZoneState.Running, true, true, false, "failed" },
        { ZoneState.Installed, false, true, false, "failed" },
        { ZoneState.Incomplete, false, false, true, "receiving" },
    };

    [Theory]
    [MemberData(nameof(WorkedOut), DisableDiscoveryEnumeration = true)]
    public void States_are_worked_out_as_SmartOS_does(ZoneState zone, bool provisioning, bool failed, bool receiving, string state) =>
        Assert.Equal(state, VmState.Of(zone, provisioning, failed, receiving));

    [Fact]
    public void Every_state_that_is_worked_out_is_in_the_table()
    {
        foreach (var zone in Enum.GetValues<ZoneState>())
        {
            foreach (var (provisioning, failed) in new[] { (false, false), (true, false), (false, true) })
            {
                Assert.Contains(VmState.Of(zone, provisioning, failed), Transitions.States);
            }
        }
    }
}
