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
    private readonly Func<string, bool> _passing;
    private readonly SortedSet<string> _before;

    /// <param name="list">One thing a line; like lines are numbered.</param>
    /// <param name="passing">What may have been there by chance, and may go: a connection that was just being answered.</param>
    public LeakGuard(Func<IEnumerable<string>> list, Func<string, bool>? passing = null)
    {
        _list = list;
        _passing = passing ?? (_ => false);
        _before = Listing();
    }

    /// <summary>What is there now and was not ("+ "), and what was and is not ("- "); empty: all is as it was.</summary>
    public IReadOnlyList<string> Differences()
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(Step))
        {
            var now = Listing();
            string[] differences = [.. now.Except(_before).Select(l => "+ " + l), .. _before.Except(now).Where(l => !_passing(l)).Select(l => "- " + l)];
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
        new(_list().GroupBy(l => l).SelectMany(g => g.Select((line, i) => i == 0 ? line : $"{line} ({i + 1})")), StringComparer.Ordinal);
}

/// <summary>Something was left behind, or taken along.</summary>
public sealed class LeakException(string message) : Exception(message);
