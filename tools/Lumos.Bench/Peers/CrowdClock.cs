using System.Diagnostics;
using Lumos.Core;

namespace Lumos.Bench.Peers;

/// <summary>Ends the making of a crowd that takes too long: how far it came in the time is then all that is said of its peer.</summary>
internal sealed class CrowdClock(TimeSpan limit)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _zones, _snapshots;

    /// <summary>So many more are made. From several threads.</summary>
    /// <exception cref="LumosException">CrowdTooSlow.</exception>
    public void Tick(int zones = 0, int snapshots = 0)
    {
        int allZones = Interlocked.Add(ref _zones, zones), allSnapshots = Interlocked.Add(ref _snapshots, snapshots);
        if (Stopwatch.GetElapsedTime(_start) > limit)
        {
            throw new LumosException("CrowdTooSlow", $"made {allZones} zones and {allSnapshots} snapshots in {limit.TotalMinutes:0} minutes, after which it was left out");
        }
    }
}
