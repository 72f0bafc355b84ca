using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// What svc:/system/zones does: boots what has autoboot, in the order of <see cref="BootOrder"/>, and stops what runs in the
/// opposite one. Flags stay as they are. The fault of one VM is told and keeps no other from its turn.
/// </summary>
public sealed class AllZones(VmHost host)
{
    /// <summary>Zones that are asked to stop at the same time; each costs a waiting thread.</summary>
    private const int MostStopping = 128;

    /// <summary>A boot is work, not waiting: more at once would only make each slower.</summary>
    private static readonly int MostBooting = Environment.ProcessorCount * 2;

    /// <summary>How boot_delay passes.</summary>
    public Action<TimeSpan> Pause { get; init; } = Thread.Sleep;

    /// <summary>Boots every zone with autoboot that is installed and not up. Returns how many did not boot.</summary>
    public int Boot()
    {
        int failed = 0;
        var entries = new List<BootEntry>();
        foreach (var entry in host.Zones.ReadIndex().Zones.Where(e => e.State == ZoneState.Installed))
        {
            Guarded(entry.Name.Text, "boot", ref failed, () =>
            {
                if (host.Zones.TryLoad(entry.Name) is { Autoboot: true } config)
                {
                    entries.Add(BootEntry.Of(entry, config));
                }
            });
        }
        var groups = BootOrder.Groups(entries);
        for (int i = 0; i < groups.Length; i++)
        {
            long longest = 0;
            Crew.ForEach(groups[i], MostBooting, vm =>
            {
                if (Guarded(vm.Uuid, "boot", ref failed, () => Boot(vm)))
                {
                    InterlockedMax(ref longest, host.Clock.GetTimestamp() + (long)(vm.Delay.TotalSeconds * host.Clock.TimestampFrequency));
                }
                host.Publish(vm.Uuid);
            });
            var left = host.Clock.GetElapsedTime(host.Clock.GetTimestamp(), longest);
            if (i + 1 < groups.Length && longest > 0 && left > TimeSpan.Zero)
            {
                host.Say($"waiting {left.TotalSeconds:0.#} s before VMs of boot_priority {groups[i + 1][0].Priority}");
                Pause(left);
            }
        }
        return failed;
    }

    /// <summary>Asks every zone that runs to stop, at most for three quarters of the time, and halts what is then still up.</summary>
    /// <param name="limit">The time until somebody loses patience with us.</param>
    public int Stop(TimeSpan limit)
    {
        var patience = limit * 0.75;
        long began = host.Clock.GetTimestamp();
        int failed = 0;
        var up = new List<BootEntry>();
        foreach (var entry in host.Zones.ReadIndex().Zones)
        {
            Guarded(entry.Name.Text, "stop", ref failed, () =>
            {
                if (host.Runtime.Status(entry).State.CanHalt)
                {
                    up.Add(BootEntry.Of(entry, TryLoad(entry.Name)));
                }
            });
        }
        var groups = BootOrder.Groups(up);
        for (int i = groups.Length - 1; i >= 0; i--)
        {
            var end = host.Clock.GetElapsedTime(began) + BootOrder.Share(patience - host.Clock.GetElapsedTime(began), i + 1);
            Crew.ForEach(groups[i], MostStopping, vm =>
            {
                var left = end - host.Clock.GetElapsedTime(began);
                Guarded(vm.Uuid, "stop", ref failed, () => Stop(vm, left > TimeSpan.Zero ? left : TimeSpan.Zero));
                host.Publish(vm.Uuid);
            });
        }
        return failed;
    }

    /// <summary>False: it was up already, or is not to be booted any more.</summary>
    private bool Boot(BootEntry vm)
    {
        using (host.Lock(vm.Uuid))
        {
            if (host.Zones.TryLoad(vm.Name) is not { Autoboot: true } config
                || config.Attr(ZoneConfigMapping.Failed) is not null || !host.Runtime.Status(vm.Name).State.CanBoot)
            {
                return false;
            }
            new Booter(host).Boot(config);
        }
        host.Say($"booted {vm.Uuid}");
        return true;
    }

    private void Stop(BootEntry vm, TimeSpan patience)
    {
        // Without the VM's lock: whoever holds it may be waiting for this very zone, and the machine goes down now.
        bool ended = host.Runtime.Status(vm.Name).State.CanShutdown && host.Runtime.Shutdown(vm.Name, ZoneShutdown.Halt, patience);
        if (!ended)
        {
            host.Say($"halting {vm.Uuid}");
            host.Runtime.Halt(vm.Name);
        }
    }

    // A configuration that cannot be read keeps no zone from being stopped.
    private Zones.Config.ZoneConfig? TryLoad(ZoneName name)
    {
        try
        {
            return host.Zones.TryLoad(name);
        }
        catch (LumosException)
        {
            return null;
        }
    }

    private void Guarded(string uuid, string what, ref int failed, Action action) => Guarded(uuid, what, ref failed, () =>
    {
        action();
        return true;
    });

    private bool Guarded(string uuid, string what, ref int failed, Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            Interlocked.Increment(ref failed);
            host.Say($"VM {uuid} did not {what}: {LumosException.Describe(e)}");
            return false;
        }
    }

    private static void InterlockedMax(ref long at, long value)
    {
        for (long seen = Volatile.Read(ref at); seen < value;)
        {
            long before = Interlocked.CompareExchange(ref at, value, seen);
            if (before == seen)
            {
                return;
            }
            seen = before;
        }
    }
}
