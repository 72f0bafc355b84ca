using Lumos.Vm.Watch;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>When a guest that is held is looked at.</summary>
public sealed class HoldTests
{
    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Room_is_looked_for_from_time_to_time_and_a_guest_that_runs_on_is_held_no_more()
    {
        var hold = Hold.Begin(At(100));
        Assert.False(hold.IsDue(At(104)));
        Assert.True(hold.IsDue(At(105)));
        hold = hold.Waits(At(105));
        Assert.False(hold.IsDue(At(109)));
        hold = hold.LetGo(At(110)).Seen(runs: true, At(110));
        Assert.False(hold.IsDue(At(1000)));
        Assert.False(hold.Seen(runs: true, At(139)).IsOver(At(139)));
        Assert.True(hold.IsOver(At(140)));
    }

    [Fact]
    public void One_that_is_held_again_at_once_waits_longer_each_time_and_five_minutes_at_most()
    {
        var hold = Hold.Begin(At(0));
        var waits = new List<double>();
        for (double now = 5; waits.Count < 9; now = hold.NextLook.TotalSeconds)
        {
            hold = hold.LetGo(At(now)).Seen(runs: true, At(now)).Seen(runs: false, At(now));
            waits.Add(hold.NextLook.TotalSeconds - now);
        }
        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300, 300], waits);
    }
}
