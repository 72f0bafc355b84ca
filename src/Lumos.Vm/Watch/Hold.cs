namespace Lumos.Vm.Watch;

/// <summary>
/// A guest that is held because a disk took no writes: when to look for room, and when it counts as going on. A function of what is seen; times are of a clock that nobody sets.
/// </summary>
/// <param name="NextLook">When to look for room.</param>
/// <param name="Interval">How long after it to look again.</param>
/// <param name="RunsSince">Since when the guest runs again; null: it does not.</param>
internal sealed record Hold(TimeSpan NextLook, TimeSpan Interval, TimeSpan? RunsSince)
{
    internal static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(5), LongestInterval = TimeSpan.FromMinutes(5);

    /// <summary>A guest that has run so long is held no more.</summary>
    internal static readonly TimeSpan Proof = TimeSpan.FromSeconds(30);

    internal static Hold Begin(TimeSpan now) => new(now + FirstInterval, FirstInterval, null);

    /// <summary>The same when the guest has been seen running, or held.</summary>
    internal Hold Seen(bool runs, TimeSpan now) => runs ? this with { RunsSince = RunsSince ?? now } : this with { RunsSince = null };

    /// <summary>The same after a look that found no room.</summary>
    internal Hold Waits(TimeSpan now) => this with { NextLook = now + FirstInterval };

    /// <summary>The same after the guest was let go on: one that is held at once again is waited for longer, since room is not all that it wants.</summary>
    internal Hold LetGo(TimeSpan now) => this with { NextLook = now + Interval, Interval = Interval * 2 < LongestInterval ? Interval * 2 : LongestInterval };

    internal bool IsDue(TimeSpan now) => RunsSince is null && now >= NextLook;

    internal bool IsOver(TimeSpan now) => RunsSince is { } since && now - since >= Proof;
}
