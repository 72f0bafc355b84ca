using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public class RestartPolicyTests
{
    private static readonly DateTimeOffset Booted = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private static ZoneExit Crash(int seconds) => new(139, Booted.AddSeconds(seconds));

    private static ZoneStatus Down(ZoneRestarts? restarts = null, ZoneState? askedTo = null) => new(ZoneState.Down, 1, null, Booted, null)
    {
        Restarts = restarts ?? ZoneRestarts.None,
        Transition = askedTo is { } to ? new ZoneTransition(to, Booted.AddSeconds(60), false) : null,
    };

    private static AfterEnd Decide(ZoneStatus down, ZoneExit exit, bool restartInit = true, bool firstBoot = false, int later = 0) =>
        new RestartPolicy().Decide(down, exit, restartInit, firstBoot, exit.Time.AddSeconds(later));

    [Theory]
    [InlineData(129, true)] // reboot(2)
    [InlineData(133, true)] // lumos-init
    [InlineData(130, false)] // power off
    [InlineData(0, false)]
    public void A_zone_that_ends_by_itself_gets_what_it_asked_for(int status, bool boots)
    {
        var after = Decide(Down(), new ZoneExit(status, Booted.AddSeconds(1)));
        Assert.Equal(boots, after is AfterEnd.Boot { Wait.Ticks: 0, Restarts.Total: 0 });
    }

    [Fact]
    public void Crashes_are_restarted_later_each_time_and_then_no_more()
    {
        var waits = new List<double>();
        var restarts = ZoneRestarts.None;
        while (Decide(Down(restarts), Crash(1)) is AfterEnd.Boot boot)
        {
            waits.Add(boot.Wait.TotalSeconds);
            restarts = boot.Restarts;
        }
        Assert.Equal([0, 1, 2, 4, 8], waits);
        Assert.Equal(new ZoneRestarts(5, 5), restarts);
        Assert.True(Decide(Down(restarts), Crash(1)) is AfterEnd.Stay { GaveUp: true });
    }

    [Fact]
    public void A_zone_that_ran_well_between_begins_to_count_anew()
    {
        var after = Assert.IsType<AfterEnd.Boot>(Decide(Down(new ZoneRestarts(7, 5)), Crash(601)));
        Assert.Equal((TimeSpan.Zero, new ZoneRestarts(8, 1)), (after.Wait, after.Restarts));
    }

    [Theory]
    [InlineData(1, 3)] // a second later, three of four are left
    [InlineData(10, 0)]
    [InlineData(-3600, 4)] // the clock was set back
    [InlineData(86400, 0)]
    public void The_wait_is_what_is_left_of_it_whatever_the_clock_does(int later, int left)
    {
        var after = Assert.IsType<AfterEnd.Boot>(Decide(Down(new ZoneRestarts(3, 3)), Crash(1), later: later));
        Assert.Equal(left, after.Wait.TotalSeconds);
    }

    [Fact]
    public void Not_restarted_is_what_was_asked_to_stop_what_has_restart_init_false_and_a_first_boot()
    {
        Assert.IsType<AfterEnd.Stay>(Decide(Down(askedTo: ZoneState.Installed), Crash(1)));
        Assert.IsType<AfterEnd.Stay>(Decide(Down(askedTo: ZoneState.Installed), new ZoneExit(129, Booted)));
        Assert.IsType<AfterEnd.Boot>(Decide(Down(askedTo: ZoneState.Running), Crash(1)));
        Assert.IsType<AfterEnd.Stay>(Decide(Down(), Crash(1), restartInit: false));
        Assert.IsType<AfterEnd.Stay>(Decide(Down(), Crash(1), firstBoot: true));
    }
}
