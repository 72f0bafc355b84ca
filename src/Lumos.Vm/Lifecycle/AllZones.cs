using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>What svc:/system/zones does: boots what has autoboot, stops what runs. Flags stay as they are.</summary>
public sealed class AllZones(VmHost host)
{
    /// <summary>Zones that are asked to stop at the same time; each costs a waiting thread.</summary>
    private const int MostAtOnce = 64;

    /// <summary>Boots every zone with autoboot that is installed and not up, several at once. Returns how many did not boot.</summary>
    public int Boot()
    {
        int failed = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount * 2 };
        Parallel.ForEach(host.Zones.ReadIndex().Zones.Where(e => e.State == ZoneState.Installed), options, entry =>
        {
            string uuid = entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text;
            try
            {
                using (host.Lock(uuid))
                {
                    if (host.Zones.TryLoad(entry.Name) is not { Autoboot: true } config
                        || config.Attr(ZoneConfigMapping.Failed) is not null || !host.Runtime.Status(entry.Name).State.CanBoot)
                    {
                        return;
                    }
                    new Booter(host).Boot(config);
                }
                host.Say($"booted {uuid}");
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                Interlocked.Increment(ref failed);
                host.Say($"VM {uuid} did not boot: {LumosException.Describe(e)}");
            }
            host.Publish(uuid);
        });
        return failed;
    }

    /// <summary>Asks every zone that runs to stop, at most for three quarters of the time, and halts what is then still up.</summary>
    /// <param name="limit">The time until somebody loses patience with us.</param>
    public int Stop(TimeSpan limit)
    {
        var patience = limit * 0.75;
        int failed = 0;
        var up = host.Zones.ReadIndex().Zones.Where(e => host.Runtime.Status(e.Name).State.CanHalt).ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce };
        Parallel.ForEach(up, options, entry =>
        {
            string uuid = entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text;
            try
            {
                // Without the VM's lock: whoever holds it may be waiting for this very zone, and the machine goes down now.
                bool ended = host.Runtime.Status(entry.Name).State.CanShutdown
                    && host.Runtime.Shutdown(entry.Name, ZoneShutdown.Halt, patience);
                if (!ended)
                {
                    host.Say($"halting {uuid}");
                    host.Runtime.Halt(entry.Name);
                }
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                Interlocked.Increment(ref failed);
                host.Say($"VM {uuid} did not stop: {LumosException.Describe(e)}");
            }
            host.Publish(uuid);
        });
        return failed;
    }
}
