using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>What becomes of a zone whose init has ended.</summary>
public abstract record AfterEnd(string Why)
{
    /// <summary>It stays stopped.</summary>
    public sealed record Stay(string Why, bool GaveUp = false) : AfterEnd(Why);

    /// <summary>It is booted, now or when the wait is over; until then it is down.</summary>
    public sealed record Boot(string Why, TimeSpan Wait, ZoneRestarts Restarts) : AfterEnd(Why);
}

/// <summary>
/// Decides what becomes of a zone whose init has ended. A function of what is seen.
/// <list type="bullet">
/// <item>It asked for a reboot: it is booted, unless somebody asked it to stop.</item>
/// <item>It switched itself off, had nothing left to do, or was asked to stop: it stays stopped. autoboot is left as it is.</item>
/// <item>It crashed: with restart_init (the default) it is booted again. The kernel of SmartOS starts a dead init again at
/// once, in the zone as it is; a pid namespace of Linux ends with its init, so for us it is a boot. The first is at once, the
/// next ones wait 1, 2, 4, 8 s…, and after <see cref="Most"/> that followed each other closely the zone stays stopped.</item>
/// </list>
/// </summary>
public sealed record RestartPolicy
{
    /// <summary>Restarts that follow each other closely before we give up.</summary>
    public int Most { get; init; } = 5;

    /// <summary>The wait before the second of them; it doubles each time.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A zone that ran this long did not crash for the reason it crashed before.</summary>
    public TimeSpan Stable { get; init; } = TimeSpan.FromMinutes(10);

    /// <param name="down">Of a zone in state down.</param>
    /// <param name="exit">How its init ended.</param>
    /// <param name="restartInit">The VM's property.</param>
    /// <param name="firstBoot">Its first boot was not over.</param>
    /// <param name="now">The time.</param>
    public AfterEnd Decide(ZoneStatus down, ZoneExit exit, bool restartInit, bool firstBoot, DateTimeOffset now)
    {
        if (exit.WantsReboot || down.Transition?.To == ZoneState.Running)
        {
            return down.Transition?.To == ZoneState.Installed
                ? new AfterEnd.Stay("the zone asks for a reboot, but was asked to stop")
                : new AfterEnd.Boot("the zone asks for a reboot", TimeSpan.Zero, ZoneRestarts.None);
        }
        if (!exit.IsCrash || down.Transition is not null)
        {
            return new AfterEnd.Stay("the zone has ended");
        }
        string crash = $"the zone's init {(exit.Shown < 0 ? $"was killed by signal {-exit.Shown}" : $"ended with status {exit.Shown}")}";
        if (firstBoot)
        {
            return new AfterEnd.Stay(crash + " in the first boot");
        }
        if (!restartInit)
        {
            return new AfterEnd.Stay(crash + ", and restart_init is false");
        }
        int before = exit.Time - down.BootTime >= Stable ? 0 : down.Restarts.InRow;
        if (before >= Most)
        {
            return new AfterEnd.Stay($"{crash} again after {before} restarts in a row", GaveUp: true);
        }
        var delay = before == 0 ? TimeSpan.Zero : FirstWait * (1 << (before - 1));
        var left = exit.Time + delay - now;
        // Whatever the clock did meanwhile, the wait is never longer than it was to be.
        return new AfterEnd.Boot(crash, left < TimeSpan.Zero ? TimeSpan.Zero : left < delay ? left : delay,
            new ZoneRestarts(down.Restarts.Total + 1, before + 1));
    }
}
