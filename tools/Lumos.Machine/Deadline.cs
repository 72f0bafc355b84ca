using System.Diagnostics;

namespace Lumos.Machine;

/// <summary>A point in time after which waiting is over. Waiting means asking again until then.</summary>
public sealed class Deadline(TimeSpan limit)
{
    private readonly Stopwatch _since = Stopwatch.StartNew();

    public bool Passed => _since.Elapsed >= limit;

    public TimeSpan Elapsed => _since.Elapsed;

    public TimeSpan Left => Passed ? TimeSpan.Zero : limit - _since.Elapsed;

    /// <summary>Asks every <paramref name="pause"/> until the answer is yes; false when the time was up first.</summary>
    public static bool Poll(TimeSpan limit, TimeSpan pause, Func<bool> ask)
    {
        var deadline = new Deadline(limit);
        while (!ask())
        {
            if (deadline.Passed)
            {
                return false;
            }
            Thread.Sleep(pause);
        }
        return true;
    }
}
