using System.Diagnostics;
using Lumos.Bench.Peers;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench.Measures;

/// <summary>Many zones: made in turn, weighed, listed, deleted; then made at once.</summary>
internal sealed class FleetScenario : IScenario
{
    public string Name => "fleet";

    public IReadOnlyList<string> Measures => ["create-in-turn", "create-at-once", "list", "memory", "memory-host"];

    public void Run(Course course) => course.TakeTurns(this, warmUps: 0, course.Sizes.FleetRounds, (peer, sampler) =>
    {
        if (new[] { "create-in-turn", "list", "memory", "memory-host" }.Any(measure => course.Takes(peer, measure)))
        {
            InTurn(course, peer, sampler);
        }
        if (course.Takes(peer, "create-at-once"))
        {
            AtOnce(course, peer, sampler);
        }
    });

    private static void InTurn(Course course, IPeer peer, Sampler sampler)
    {
        string[] others = Names(course, Sizes.BesidesFleet), fleet = Names(course, course.Sizes.Fleet);
        CreateAll(peer, others);
        var before = MemoryUse.Now();
        long start = Stopwatch.GetTimestamp();
        CreateAll(peer, fleet);
        sampler.Add("create-in-turn", Stopwatch.GetElapsedTime(start).TotalSeconds);
        var after = MemoryUse.Now();
        sampler.Add("memory", (after.InGroups - before.InGroups) / 1024.0 / fleet.Length);
        sampler.Add("memory-host", (after.OfHost - before.OfHost) / 1024.0 / fleet.Length);
        for (int i = 0; i < 1 + course.Sizes.Rounds; i++)
        {
            if (course.Takes(peer, "list") && Sampler.Milliseconds(peer.List) is var taken && i > 0)
            {
                sampler.Add("list", taken);
            }
        }
        DeleteAll(peer, [.. fleet, .. others]);
    }

    private static void AtOnce(Course course, IPeer peer, Sampler sampler)
    {
        string[] fleet = Names(course, course.Sizes.Fleet);
        Exception? failure = null;
        long start = Stopwatch.GetTimestamp();
        var threads = fleet.Select(zone => new Thread(() =>
        {
            try
            {
                peer.Create(zone);
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failure is not null)
        {
            throw new LumosException("CreateAtOnceFailed", $"not all of {fleet.Length} creates at once succeeded", inner: failure);
        }
        long last = fleet.Max(zone => Arena.WaitForStart(peer.Root(zone), start));
        sampler.Add("create-at-once", Math.Max(Stopwatch.GetElapsedTime(start, last).TotalSeconds, 0));
        DeleteAll(peer, fleet);
    }

    private static string[] Names(Course course, int count) => [.. Enumerable.Range(0, count).Select(_ => course.NewName())];

    private static void CreateAll(IPeer peer, string[] zones)
    {
        foreach (string zone in zones)
        {
            long since = Stopwatch.GetTimestamp();
            peer.Create(zone);
            Arena.WaitForStart(peer.Root(zone), since);
        }
    }

    /// <summary>Not measured, so as fast as may be.</summary>
    private static void DeleteAll(IPeer peer, string[] zones)
    {
        Parallel.ForEach(zones, new ParallelOptions { MaxDegreeOfParallelism = 8 }, zone =>
        {
            peer.Stop(zone, force: true);
            peer.Delete(zone);
        });
    }
}
