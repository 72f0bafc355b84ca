using Lumos.Zones;
using Lumos.Zones.Docker;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Decides what becomes of a docker zone whose program has ended, by its docker:restartpolicy. The wait before a restart begins at a
/// tenth of a second and doubles up to a minute, as docker's; a zone that ran for ten seconds begins anew. A function of what is seen.
/// </summary>
public static class DockerRestartPolicy
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromMinutes(1), Stable = TimeSpan.FromSeconds(10);

    /// <param name="down">Of a zone in state down.</param>
    /// <param name="autoboot">Whether it is to run at all: a stop clears it, and no policy brings it up after that.</param>
    public static AfterEnd Decide(ZoneStatus down, ZoneExit exit, DockerRestart policy, bool autoboot, DateTimeOffset now)
    {
        if (down.Transition is { } asked)
        {
            return asked.To == ZoneState.Running
                ? new AfterEnd.Boot("the zone was asked to reboot", TimeSpan.Zero, ZoneRestarts.None)
                : new AfterEnd.Stay("the zone has ended");
        }
        string end = $"the zone's program {(exit.Status > 128 ? $"was killed by signal {exit.Status - 128}" : $"ended with status {exit.Status}")}";
        if (policy.IsNo || !autoboot || (!policy.Always && exit.Status == 0))
        {
            return new AfterEnd.Stay(end);
        }
        if (policy.Most > 0 && down.Restarts.Total >= policy.Most)
        {
            return new AfterEnd.Stay($"{end} again after {down.Restarts.Total} restarts", GaveUp: true);
        }
        int before = exit.Time - down.BootTime >= Stable ? 0 : down.Restarts.InRow;
        var delay = before > 10 ? LongestWait : FirstWait * (1 << before);
        delay = delay < LongestWait ? delay : LongestWait;
        var left = exit.Time + delay - now;
        return new AfterEnd.Boot(end, left < TimeSpan.Zero ? TimeSpan.Zero : left < delay ? left : delay, new ZoneRestarts(down.Restarts.Total + 1, before + 1));
    }
}
