using System.Collections.Concurrent;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;
using Lumos.Zones.Docker;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Acts on a zone whose init has ended, as <see cref="RestartPolicy"/> decides. A zone that waits for its restart is left in state
/// down, with all that is known of its end: whoever comes next, a vmadmd that was started again included, decides the same.
/// </summary>
public sealed class ZoneEnd(VmHost host, JsonLog log, RestartPolicy policy)
{
    /// <summary>What nobody waits for any more gets this long beyond its time.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>How long a monitor may take to say how a zone ended; one that does not is not waited for.</summary>
    private static readonly TimeSpan MonitorTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);

    /// <summary>Since when the word of a VM's monitor is waited for, and of which boot: somebody else may have cleared that one away.</summary>
    private readonly ConcurrentDictionary<string, (DateTimeOffset? Boot, DateTimeOffset Since)> _endings = new(StringComparer.Ordinal);

    /// <summary>Cleans up, and boots when that is due. The caller holds the VM's lock.</summary>
    /// <returns>When to look again; null: all is done.</returns>
    public TimeSpan? Settle(string uuid, ZoneConfig config, bool mayBoot)
    {
        var down = host.Runtime.Status(config.Name);
        if (down.State != ZoneState.Down)
        {
            return null;
        }
        var now = host.Clock.GetUtcNow();
        if (down.ExitIsToCome && now - _endings.AddOrUpdate(uuid, (down.BootTime, now), (_, old) => old.Boot == down.BootTime ? old : (down.BootTime, now)).Since < MonitorTime)
        {
            return Soon; // how long it waits for a restart depends on how it ended
        }
        _endings.TryRemove(uuid, out _);
        // Failed: whoever waited for the first boot has noted its end before we came to look.
        bool firstBoot = config.Attr(ZoneConfigMapping.Provisioning) is not null || config.Attr(ZoneConfigMapping.Failed) is not null;
        bool restartInit = config.Attr(ZoneConfigMapping.RestartInit) is not ("false" or "0");
        var docker = config.IsDocker ? RestartOf(config) : null;
        AfterEnd Decide(ZoneExit exit) =>
            down.BootTime is null ? AfterBootCutShort(down, firstBoot)
            : docker is null ? policy.Decide(down, exit, restartInit, firstBoot, host.Clock.GetUtcNow())
            : DockerRestartPolicy.Decide(down, exit, docker, config.Autoboot, host.Clock.GetUtcNow());

        if (down.Exit is { } seen && Decide(seen) is AfterEnd.Boot { Wait.Ticks: > 0 } later)
        {
            log.Warn(later.Why + "; it is started again", ("vm", uuid), ("seconds", later.Wait.TotalSeconds.ToString("0.0")), ("restarts", later.Restarts.Total.ToString()));
            return later.Wait;
        }
        if (config.Brand.IsHvm && down.Exit is { IsCrash: true } crash && down.Transition is null)
        {
            log.Error("QEMU has ended by itself", ("vm", uuid), ("status", crash.Shown.ToString()), ("last_lines", MachineConsole.LastWords(Path.Combine(config.ZonePath, "logs"))));
        }
        // Once it is cleared away nothing says any more that it is to be booted. An end that nobody has noted is a crash, as below.
        var recovery = new Recovery(host);
        var expected = Decide(down.Exit ?? new ZoneExit(byte.MaxValue, host.Clock.GetUtcNow()));
        if (expected is AfterEnd.Boot next)
        {
            host.Trace("write down that it is booted again");
            recovery.NoteBoot(uuid, next.Restarts, endsWithPower: true);
        }
        host.Trace("clear away what the zone left");
        if (host.Runtime.CleanUp(config.Name) is not { } exit)
        {
            host.Unfinished.Remove(uuid);
            return null;
        }
        switch (Decide(exit))
        {
            case AfterEnd.Boot boot when mayBoot:
                log.Info(boot.Why, ("vm", uuid), ("status", exit.Shown.ToString()), ("restarts", boot.Restarts.Total.ToString()));
                host.Trace("boot");
                recovery.BootNoted(uuid, config.Name.Text, boot.Restarts, endsWithPower: true);
                break;
            case AfterEnd.Boot:
                return null; // we end now: the note is for the vmadmd that follows
            case AfterEnd.Stay { GaveUp: true } stay:
                log.Error($"{stay.Why}: it stays stopped; {config.ZonePath}/logs/{(docker is null ? "console" : "stdio")}.log may say why, \"vmadm start {uuid}\" tries again",
                    ("vm", uuid), ("status", exit.Shown.ToString()));
                break;
            case var stay:
                log.Info(stay.Why, ("vm", uuid), ("status", exit.Shown.ToString()));
                break;
        }
        host.Unfinished.Remove(uuid);
        host.Publish(uuid);
        return null;
    }

    // Its init was never started. The first boot is not tried here: its end has to be watched.
    private static AfterEnd AfterBootCutShort(ZoneStatus down, bool firstBoot) => firstBoot
        ? new AfterEnd.Stay("a first boot was cut short")
        : new AfterEnd.Boot("a boot was cut short", TimeSpan.Zero, down.Restarts);

    // Keys that are damaged restart nothing: the boot would be refused for the same reason.
    private DockerRestart RestartOf(ZoneConfig config)
    {
        try
        {
            return DockerZoneReader.Read(config.Name, ZoneSpecReader.ReadMetadata(config)).Restart;
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            log.Warn("the restart policy of this VM cannot be read", ("zone", config.Name.Text), ("error", LumosException.Describe(e)));
            return DockerRestart.No;
        }
    }

    /// <summary>
    /// Of a stop whose client is gone, or a reboot with a limit: when its time is up, null if nobody has to see to it. Whoever lives
    /// halts the zone itself.
    /// </summary>
    public TimeSpan? LeftOfStop(string uuid, ZoneStatus status)
    {
        if (status is not { State: ZoneState.ShuttingDown, Transition: { } stop } || (stop.To != ZoneState.Installed && !RunChange.HaltsInTheEnd(host, uuid)))
        {
            return null;
        }
        var left = stop.Expires + Grace - host.Clock.GetUtcNow();
        return left > TimeSpan.Zero ? left : stop.Abandoned ? TimeSpan.Zero : Grace;
    }

    /// <summary>Does what the client of a stop would have done. The caller holds the VM's lock.</summary>
    public void FinishStop(string uuid, ZoneName name)
    {
        if (LeftOfStop(uuid, host.Runtime.Status(name)) == TimeSpan.Zero)
        {
            log.Warn("halting a zone that did not stop in time; who asked it to is gone", ("vm", uuid));
            host.Runtime.Halt(name);
            host.Publish(uuid);
        }
    }
}
