using Lumos.Core;
using Lumos.Services.Graph;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>
/// The state machine of all instances.
///
/// PURPOSE. Keeps every instance in the state that its configuration, its dependencies and its processes call for. It knows
/// neither files nor system calls: effects go out by <see cref="IMethodLauncher"/>, <see cref="IContracts"/> and
/// <see cref="IServiceLog"/>, events come in by the public methods, one after another, on one thread.
///
/// STATES. State is where an instance is; Next is where it is going, None when it rests. Only an instance that rests is looked at by
/// <see cref="Settle"/>, which moves one rule at a time until none applies:
///   uninitialized → offline or disabled; disabled → offline when wanted; offline → disabled when not wanted;
///   offline → online by the start method, when wanted and all dependencies are satisfied;
///   online or degraded → offline, disabled or maintenance by the stop method, when there is a cause (<see cref="StopCause"/>);
///   maintenance → offline by svcadm clear, → disabled by svcadm disable.
/// An instance with a Next passes the phases of <see cref="Phase"/>: clearing what an earlier run left, the method, draining.
///
/// INVARIANTS. A start method begins with an empty contract. An instance that stops leaves no process, not even one that was launched
/// and is still on its way into the contract, and every process there is told to stop, also one that comes while others are ending. A stop that an administrator
/// caused waits for the dependents that must stop too, so that they go first; a stop by failure has happened already, and they follow.
/// A dependency that is about to stop counts as down, so that a dependent does not come back just before it.
///
/// FAILURE. A failed start is tried again at once, and the third failure in a row, or a fatal exit status, is maintenance; so are
/// starts that follow each other too fast (<see cref="RestartPolicy"/>). A stop method that fails three times or takes too long
/// has its contract killed: the service is then stopped, which is what was asked for, and the log says how.
///
/// PERSISTENCE. <see cref="Restarter"/> keeps nothing on disk; Daemon.StateFile writes what instances look like after each event, and
/// <see cref="Adopt"/> takes it up again. A start method that ran while svc.startd died has an unknown result: its contract is killed
/// and it is run again.
///
/// TESTS. RestarterTests drives this class with a fake clock, launcher and contracts; StartdTests a real daemon with real processes.
/// </summary>
public sealed partial class Restarter(
    IMethodLauncher launcher, IContracts contracts, IServiceLog log, IClock clock, Func<string, bool> fileExists) : IServiceStates
{
    /// <summary>How long killed processes may take to vanish before we go on without them (they are stuck in the kernel).</summary>
    private static readonly TimeSpan ClearingLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long after a stop's signal we look for processes that have joined since, and how often from then on.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    private readonly SortedDictionary<string, ServiceInstance> _instances = new(StringComparer.Ordinal);
    private string _milestone = "all";
    private IReadOnlySet<Fmri>? _milestoneGraph;

    public DependencyGraph Graph { get; private set; } = DependencyGraph.Empty;

    public IEnumerable<ServiceInstance> Instances => _instances.Values;

    public bool ShuttingDown { get; private set; }

    /// <summary>Raised when an instance has come to rest in a state: fmri, old state.</summary>
    public event Action<ServiceInstance, ServiceState>? StateChanged;

    /// <summary>Something changed since this was last set to false.</summary>
    public bool Dirty { get; set; }

    /// <summary>When <see cref="TimePassed"/> wants to be called (monotonic clock); null: no need.</summary>
    public TimeSpan? NextDeadline => _instances.Values.SelectMany(i => new[] { i.Deadline, i.NextLook }).Min();

    /// <summary>"all", "none" or the FMRI of a milestone.</summary>
    public string Milestone => _milestone;

    /// <summary>All instances have stopped, after <see cref="ShutDown"/>.</summary>
    public bool IsShutDown => ShuttingDown && _instances.Values.All(i => !i.State.IsRunning() && i.Next == ServiceState.None);

    public ServiceInstance? Find(Fmri fmri) => _instances.GetValueOrDefault(fmri.ToString());

    public ServiceState State(Fmri fmri) => Find(fmri)?.State ?? ServiceState.None;

    public bool IsUp(Fmri fmri) => Find(fmri) is { IsUp: true } instance && IsWanted(instance);

    public bool IsWanted(Fmri fmri) => Find(fmri) is { } instance && IsWanted(instance);

    public bool FileExists(string path) => fileExists(path);

    public bool IsWanted(ServiceInstance instance) =>
        !ShuttingDown
        && (instance.EnabledOverride ?? instance.Definition.Enabled)
        && (_milestone == "all" || _milestoneGraph?.Contains(instance.Fmri) == true);

    /// <summary>Makes the definitions the ones in force: new instances come, missing ones go, known ones go on by the new definition.</summary>
    public void Define(IEnumerable<InstanceDefinition> definitions)
    {
        var all = definitions.ToList();
        var names = all.Select(d => d.Fmri.ToString()).ToHashSet();
        foreach (var gone in _instances.Values.Where(i => !names.Contains(i.Fmri.ToString())).ToList())
        {
            launcher.Forget(gone.Fmri);
            contracts.Kill(gone.Fmri);
            _instances.Remove(gone.Fmri.ToString());
        }
        foreach (var definition in all)
        {
            if (Find(definition.Fmri) is { } known)
            {
                known.Definition = definition;
            }
            else
            {
                _instances[definition.Fmri.ToString()] = new ServiceInstance(definition) { StateTime = clock.Now };
            }
        }
        Graph = DependencyGraph.Build(_instances.Values.Select(i => i.Definition));
        SetMilestone(_milestone);
        foreach (var node in Graph.Nodes.Where(n => !n.Cycle.IsEmpty))
        {
            var instance = Find(node.Fmri)!;
            if (instance.State != ServiceState.Maintenance)
            {
                instance.Reason = $"dependency cycle: {string.Join(" -> ", node.Cycle)}";
                instance.Auxiliary = "dependency_cycle";
                instance.PendingMaintenance = true;
            }
        }
        Dirty = true;
    }

    /// <summary>Applies the rules until none applies any more.</summary>
    public void Settle()
    {
        bool moved;
        do
        {
            moved = false;
            foreach (var instance in _instances.Values.ToList())
            {
                moved |= Step(instance);
            }
            Dirty |= moved;
        }
        while (moved);
    }

    private bool Step(ServiceInstance instance)
    {
        if (instance.Next != ServiceState.None)
        {
            return false;
        }
        bool wanted = IsWanted(instance);
        if (instance.PendingMaintenance && !ShuttingDown && !instance.State.IsRunning())
        {
            instance.PendingMaintenance = false;
            return instance.State != ServiceState.Maintenance
                && MoveTo(instance, ServiceState.Maintenance, instance.Auxiliary, instance.Reason);
        }
        switch (instance.State)
        {
            case ServiceState.Uninitialized:
                return MoveTo(instance, wanted ? ServiceState.Offline : ServiceState.Disabled);
            case ServiceState.Disabled:
                return wanted && MoveTo(instance, ServiceState.Offline);
            case ServiceState.Maintenance:
                return !wanted && !ShuttingDown && MoveTo(instance, ServiceState.Disabled);
            case ServiceState.Offline when !wanted:
                return MoveTo(instance, ServiceState.Disabled);
            case ServiceState.Offline when Graph.Evaluate(instance.Fmri, this) == Satisfaction.Satisfied:
                BeginStart(instance);
                return true;
            case ServiceState.Online or ServiceState.Degraded:
                return StepRunning(instance, wanted);
            default:
                return false;
        }
    }

    private bool StepRunning(ServiceInstance instance, bool wanted)
    {
        var cause = !wanted ? StopCause.Disabled
            : instance.PendingMaintenance ? StopCause.Maintenance
            : instance.PendingStop ?? (IsExcluded(instance) ? StopCause.Dependency : null);
        if (cause is null)
        {
            if (!instance.PendingRefresh)
            {
                return false;
            }
            BeginRefresh(instance);
            return true;
        }
        if (cause == StopCause.Fault)
        {
            BeginStop(instance, cause.Value);
            _ = TellDependents(instance, RestartPolicy.Reach(cause.Value));
            return true;
        }
        instance.PendingStop ??= cause;
        var (running, marked) = TellDependents(instance, RestartPolicy.Reach(cause.Value));
        if (running)
        {
            return marked; // they go first
        }
        BeginStop(instance, cause.Value);
        return true;
    }

    /// <summary>Marks the dependents that an event reaches to be stopped: whether some of them still run, and whether a mark is new.</summary>
    private (bool Running, bool Marked) TellDependents(ServiceInstance instance, RestartOn reach)
    {
        bool running = false, marked = false;
        foreach (var (fmri, through) in Graph[instance.Fmri]?.Dependents ?? [])
        {
            if (through.Grouping == Grouping.ExcludeAll || Find(fmri) is not { } dependent || dependent == instance)
            {
                continue;
            }
            bool reached = ShuttingDown || through.RestartOn >= reach;
            if (!reached || !(dependent.State.IsRunning() || dependent.Next == ServiceState.Online))
            {
                continue;
            }
            if (dependent.PendingStop is null)
            {
                dependent.PendingStop = StopCause.Dependency;
                marked = true;
            }
            running = true;
        }
        return (running, marked);
    }

    /// <summary>Whether something that this instance excludes has come up, and it said that it cares.</summary>
    private bool IsExcluded(ServiceInstance instance) =>
        Graph[instance.Fmri] is { } node && node.Dependencies.Any(
            d => d.Grouping == Grouping.ExcludeAll && d.RestartOn != RestartOn.None
                && Graph.Evaluate(d, this) == Satisfaction.Unsatisfiable);

    private bool MoveTo(ServiceInstance instance, ServiceState state, string auxiliary = "none", string? reason = null)
    {
        var old = instance.State;
        instance.State = state;
        instance.Next = ServiceState.None;
        instance.Phase = Phase.Idle;
        instance.Deadline = null;
        instance.NextLook = null;
        instance.StateTime = clock.Now;
        instance.Auxiliary = auxiliary;
        instance.Reason = reason;
        Dirty = true;
        switch (state)
        {
            case ServiceState.Disabled when old != ServiceState.Uninitialized:
                log.Append(instance.Fmri, "Disabled.");
                break;
            case ServiceState.Offline when old is ServiceState.Disabled:
                log.Append(instance.Fmri, "Enabled.");
                break;
            case ServiceState.Maintenance:
                log.Append(instance.Fmri, $"Changing state to maintenance: {reason ?? auxiliary}.");
                log.Alert($"{instance.Fmri} is in maintenance: {reason ?? auxiliary}. See {LogPath(instance.Fmri)}");
                break;
        }
        StateChanged?.Invoke(instance, old);
        return true;
    }

    private static string LogPath(Fmri fmri) => $"/var/svc/log/{fmri.Slug()}.log";
}
