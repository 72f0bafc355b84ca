using System.Diagnostics;
using Lumos.Bench.Peers;
using Lumos.Bench.Results;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench.Measures;

/// <summary>Something that is done with each peer in turn and yields one or more measures.</summary>
internal interface IScenario
{
    string Name { get; }

    IReadOnlyList<string> Measures { get; }

    void Run(Course course);
}

/// <summary>A run under way: who takes part, what is wanted, what was measured.</summary>
internal sealed class Course(Arena arena, IReadOnlyList<IPeer> peers, Sizes sizes, IReadOnlySet<string> wanted, Recorder recorder, Action<string> say)
{
    private int _zones;

    public Arena Arena => arena;

    public Sizes Sizes => sizes;

    public Recorder Recorder => recorder;

    /// <summary>A name that no zone had before.</summary>
    public string NewName() => $"z{Interlocked.Increment(ref _zones)}";

    /// <summary>Whether a measure is asked for and can be taken of this peer.</summary>
    public bool Takes(IPeer peer, string measure) => wanted.Contains(measure) && !peer.NotOffered.ContainsKey(measure);

    /// <summary>
    /// The peers take turns, A B C A B C: what else happens on the machine meanwhile falls on all of them. The first rounds only warm
    /// up. A peer that fails is told and leaves this scenario; what it gave until then counts.
    /// </summary>
    /// <param name="body">One turn; what it hands to the sampler is counted after the warm-up.</param>
    public void TakeTurns(IScenario scenario, int warmUps, int rounds, Action<IPeer, Sampler> body)
    {
        var left = peers.Where(peer => scenario.Measures.Any(measure => Takes(peer, measure))).ToList();
        for (int round = 0; round < warmUps + rounds; round++)
        {
            foreach (var peer in left.ToArray())
            {
                say(round < warmUps ? $"{scenario.Name}: warm-up {round + 1} of {warmUps}, {peer.Name}" : $"{scenario.Name}: round {round - warmUps + 1} of {rounds}, {peer.Name}");
                try
                {
                    body(peer, new Sampler(this, peer, Counts: round >= warmUps));
                }
                catch (Exception e) when (e is LumosException or IOException or InvalidOperationException or AggregateException)
                {
                    // Of several at once, the first: the others are its echo.
                    string why = LumosException.Describe(e is AggregateException { InnerExceptions: [var first, ..] } ? first : e);
                    recorder.Fail(scenario.Name, peer.Name, why);
                    say($"{scenario.Name}: {peer.Name} failed: {why}");
                    left.Remove(peer);
                }
            }
        }
    }
}

/// <summary>Takes the samples of one turn of one peer.</summary>
internal sealed record Sampler(Course Course, IPeer Peer, bool Counts)
{
    public void Add(string measure, double value)
    {
        if (Counts && Course.Takes(Peer, measure))
        {
            Course.Recorder.Add(measure, Peer.Name, value);
        }
    }

    /// <summary>Does something and counts the milliseconds until it returned.</summary>
    public void Time(string measure, Action action)
    {
        if (Course.Takes(Peer, measure))
        {
            Add(measure, Milliseconds(action));
        }
    }

    /// <summary>Starts a zone and counts the milliseconds until its init started; gives those until the command returned, too.</summary>
    public void TimeStart(string measure, string zone, Action action, string? untilReturn = null)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        double returned = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        long up = Arena.WaitForStart(Peer.Root(zone), start);
        Add(measure, Stopwatch.GetElapsedTime(start, up).TotalMilliseconds);
        if (untilReturn is not null)
        {
            Add(untilReturn, returned);
        }
    }

    public static double Milliseconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
