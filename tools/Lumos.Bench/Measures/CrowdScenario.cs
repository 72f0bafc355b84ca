using Lumos.Bench.Peers;

namespace Lumos.Bench.Measures;

/// <summary>
/// A large number of zones that do not run, with snapshots: what listing them costs, and how long a daemon reads before it answers. Comes
/// last, as the crowd stays until the sandbox goes.
/// </summary>
internal sealed class CrowdScenario : IScenario
{
    private const int SnapshotsInPatience = 50_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    public string Name => "crowd";

    public IReadOnlyList<string> Measures => ["list-crowd", "daemon-crowd"];

    public void Run(Course course)
    {
        var filled = new HashSet<IPeer>();
        course.TakeTurns(this, course.Sizes.WarmUps, course.Sizes.Rounds, (peer, sampler) =>
        {
            var crowd = (ICrowd)peer;
            if (filled.Add(peer))
            {
                crowd.Fill(course.Sizes.Crowd, course.Sizes.CrowdSnapshots / course.Sizes.Crowd, new CrowdClock(Patience * Math.Max(1, (double)course.Sizes.CrowdSnapshots / SnapshotsInPatience)));
            }
            if (course.Takes(peer, "daemon-crowd"))
            {
                crowd.StopDaemon();
                sampler.Time("daemon-crowd", crowd.StartDaemon);
            }
            sampler.Time("list-crowd", peer.List);
        });
    }
}
