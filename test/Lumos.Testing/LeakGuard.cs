using System.Diagnostics;

namespace Lumos.Testing;

/// <summary>
/// Lists what there is before and after something, and tells what is different. What the kernel takes away a moment later (a
/// link whose namespace has just ended, a process to be reaped) is given that moment.
/// </summary>
public sealed class LeakGuard
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Step = TimeSpan.FromMilliseconds(20);

    private readonly Func<IEnumerable<string>> _list;
    private readonly SortedSet<string> _before;

    /// <param name="list">One thing a line; like lines are counted.</param>
    public LeakGuard(Func<IEnumerable<string>> list)
    {
        _list = list;
        _before = Listing();
    }

    /// <summary>What is there now and was not ("+ "), and what was and is not ("- "); empty: all is as it was.</summary>
    public IReadOnlyList<string> Differences()
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(Step))
        {
            var now = Listing();
            string[] differences = [.. now.Except(_before).Select(l => "+ " + l), .. _before.Except(now).Select(l => "- " + l)];
            if (differences.Length == 0 || clock.Elapsed > Patience)
            {
                return differences;
            }
        }
    }

    /// <summary>Fails with the differences, if there are any.</summary>
    /// <exception cref="LeakException" />
    public void Check()
    {
        var differences = Differences();
        if (differences.Count > 0)
        {
            throw new LeakException("this is not as it was before:\n" + string.Join('\n', differences));
        }
    }

    private SortedSet<string> Listing() =>
        new(_list().GroupBy(l => l).Select(g => g.Count() == 1 ? g.Key : $"{g.Key} ×{g.Count()}"), StringComparer.Ordinal);
}

/// <summary>Something was left behind, or taken along.</summary>
public sealed class LeakException(string message) : Exception(message);
