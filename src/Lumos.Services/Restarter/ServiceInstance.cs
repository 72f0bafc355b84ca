using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

public enum MethodKind
{
    Start,
    Stop,
    Refresh,
}

/// <summary>Why a running instance has to stop.</summary>
public enum StopCause
{
    Disabled,
    Restart,
    Dependency,

    /// <summary>Its processes are gone, or its main one failed.</summary>
    Fault,
    Maintenance,
}

/// <summary>Where an instance on its way to another state stands.</summary>
public enum Phase
{
    Idle,

    /// <summary>What an earlier run left behind is being killed before the method (or the final state) comes.</summary>
    Clearing,

    /// <summary>The method runs.</summary>
    Method,

    /// <summary>The stop method is done; the processes may end by themselves until the time is up.</summary>
    Draining,
}

/// <summary>A process that svc.startd waits for; its start time guards against a number used again.</summary>
public sealed record WatchedProcess(int Pid, ulong StartTicks);

/// <summary>An instance as the restarter sees it: the definition it runs by, and everything that changes.</summary>
public sealed class ServiceInstance(InstanceDefinition definition)
{
    public Fmri Fmri => Definition.Fmri;

    /// <summary>What it runs by; a changed configuration takes effect here at import and refresh.</summary>
    public InstanceDefinition Definition { get; set; } = definition;

    public ServiceState State { get; set; } = ServiceState.Uninitialized;

    /// <summary>The state it is on its way to; None: it rests.</summary>
    public ServiceState Next { get; set; } = ServiceState.None;

    public DateTimeOffset StateTime { get; set; }

    /// <summary>Why it is in maintenance, in SMF's words (fault_threshold_reached, method_failed …); "none" otherwise.</summary>
    public string Auxiliary { get; set; } = "none";

    /// <summary>More about the reason, for people.</summary>
    public string? Reason { get; set; }

    /// <summary>svcadm enable/disable -t; null: as configured.</summary>
    public bool? EnabledOverride { get; set; }

    /// <summary>svcadm disable -c</summary>
    public string? Comment { get; set; }

    public Phase Phase { get; set; } = Phase.Idle;

    public MethodKind MethodKind { get; set; }

    /// <summary>The method's process while <see cref="Phase"/> is Method, or a wait service's only process.</summary>
    public WatchedProcess? Process { get; set; }

    /// <summary>When the phase has lasted too long (monotonic clock); null: never.</summary>
    public TimeSpan? Deadline { get; set; }

    /// <summary>The signal of a stop by :kill, and who has had it.</summary>
    public SignalRound? Round { get; set; }

    /// <summary>When to look for processes that have joined since (monotonic clock); null: no need.</summary>
    public TimeSpan? NextLook { get; set; }

    public bool TimedOut { get; set; }

    public StopCause? PendingStop { get; set; }

    public bool PendingRefresh { get; set; }

    /// <summary>The maintenance reason an administrator asked for.</summary>
    public bool PendingMaintenance { get; set; }

    /// <summary>Failures of the method in a row.</summary>
    public int Faults { get; set; }

    /// <summary>When it was started, newest last (monotonic clock).</summary>
    public List<TimeSpan> Starts { get; } = [];

    /// <summary>The last start method's exit status; null: not run yet.</summary>
    public int? StartStatus { get; set; }

    /// <summary>The start method said that this service has no processes to watch (SMF_EXIT_NODAEMON, _TEMP_TRANSIENT).</summary>
    public bool Unwatched { get; set; }

    /// <summary>Up, and not about to go.</summary>
    public bool IsUp => State.IsRunning() && PendingStop is null && !PendingMaintenance
        && (Next is ServiceState.None or ServiceState.Online or ServiceState.Degraded);

    /// <summary>An end of all its processes means that it failed.</summary>
    public bool IsWatchedByContract => Definition.Duration == Duration.Contract && !Unwatched;
}
