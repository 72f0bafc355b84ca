using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>The exit statuses by which a method speaks to its restarter (smf_method(7)).</summary>
public static class SmfExit
{
    public const int Ok = 0, NoDaemon = 94, ErrFatal = 95, ErrConfig = 96, MonDegrade = 97, MonOffline = 98, ErrNoSmf = 99,
        ErrPerm = 100, TempDisable = 101, TempTransient = 102;

    /// <summary>Trying again would not help.</summary>
    public static bool IsFatal(int status) => status is ErrFatal or ErrConfig or ErrNoSmf or ErrPerm;
}

/// <summary>When to give up: pure rules over counts and times.</summary>
public static class RestartPolicy
{
    /// <summary>Failures of a method in a row that make maintenance.</summary>
    public const int FaultThreshold = 3;

    /// <summary>
    /// Whether the starts (monotonic times, newest last) come too fast: the last N of them were, on average, less than the period
    /// apart. N is 5 and the period 10 minutes (1 second for wait services) unless startd/critical_failure_count and
    /// startd/critical_failure_period say otherwise. Measured from the last time the service was enabled or cleared.
    /// </summary>
    public static bool IsTooFast(IReadOnlyList<TimeSpan> starts, int count, TimeSpan period) =>
        starts.Count >= count && (starts[^1] - starts[^count]) / (count - 1) < period;

    /// <summary>How far up the restart_on ladder an event reaches: dependents at this step or above are stopped.</summary>
    public static RestartOn Reach(StopCause cause) => cause == StopCause.Fault ? RestartOn.Error : RestartOn.Restart;
}
