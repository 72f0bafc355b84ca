using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>What administrators and svc.startd itself ask for. Each only marks; <see cref="Settle"/> acts.</summary>
public sealed partial class Restarter
{
    /// <summary>Enables or disables until the next boot; a null takes that back.</summary>
    public void SetOverride(ServiceInstance instance, bool? enabled, string? comment = null)
    {
        instance.EnabledOverride = enabled;
        instance.Comment = comment;
        instance.Starts.Clear();
        Dirty = true;
    }

    /// <summary>svcadm restart. Only a running service can be restarted.</summary>
    public void Restart(ServiceInstance instance)
    {
        if (instance.State.IsRunning())
        {
            instance.PendingStop ??= StopCause.Restart;
            log.Append(instance.Fmri, "Restart requested.");
            Dirty = true;
        }
    }

    /// <summary>svcadm refresh: the caller has put the new definition in force by <see cref="Define"/>.</summary>
    public void Refresh(ServiceInstance instance)
    {
        log.Append(instance.Fmri, "Rereading configuration.");
        instance.PendingRefresh = instance.State.IsRunning();
        Dirty = true;
    }

    /// <summary>svcadm clear: false when there was nothing to clear.</summary>
    public bool Clear(ServiceInstance instance)
    {
        if (instance.Next != ServiceState.None)
        {
            return false;
        }
        switch (instance.State)
        {
            case ServiceState.Maintenance when Graph[instance.Fmri]?.Cycle.IsEmpty != false:
                instance.Starts.Clear();
                instance.Faults = 0;
                log.Append(instance.Fmri, "Leaving maintenance because clear requested.");
                return MoveTo(instance, ServiceState.Offline);
            case ServiceState.Degraded:
                return MoveTo(instance, ServiceState.Online);
            default:
                return false;
        }
    }

    /// <summary>svcadm mark degraded: false when it is not online.</summary>
    public bool MarkDegraded(ServiceInstance instance) =>
        instance is { State: ServiceState.Online, Next: ServiceState.None } && MoveTo(instance, ServiceState.Degraded);

    /// <summary>svcadm mark maintenance; immediately: without the stop method.</summary>
    public void MarkMaintenance(ServiceInstance instance, bool immediately)
    {
        if (instance.State == ServiceState.Maintenance)
        {
            return;
        }
        instance.PendingMaintenance = true;
        instance.Auxiliary = "administrative_request";
        instance.Reason = "an administrator requested it";
        Dirty = true;
        bool starting = instance is { Next: ServiceState.Online, State: ServiceState.Offline };
        if (starting || (immediately && (instance.State.IsRunning() || instance.Next != ServiceState.None)))
        {
            instance.Next = ServiceState.Maintenance;
            BeginClearing(instance);
        }
    }

    /// <summary>Limits what runs to a milestone's subgraph ("none": nothing; "all": no limit), and forgets -t enables and disables of it.</summary>
    public void ChangeMilestone(string milestone)
    {
        SetMilestone(milestone);
        foreach (var instance in _instances.Values.Where(i => _milestone == "all" || _milestoneGraph?.Contains(i.Fmri) == true))
        {
            instance.EnabledOverride = null;
        }
        Dirty = true;
    }

    /// <summary>Sets the milestone without touching overrides, as at boot and at pick-up.</summary>
    public void SetMilestone(string milestone)
    {
        _milestone = milestone;
        _milestoneGraph = milestone is "all" or "none" ? null : Graph.Subgraph(Fmri.Parse(milestone));
    }

    /// <summary>Stops everything, dependents first; <see cref="IsShutDown"/> tells when it is done.</summary>
    public void ShutDown()
    {
        if (ShuttingDown)
        {
            return;
        }
        ShuttingDown = true;
        Dirty = true;
        foreach (var starting in _instances.Values.Where(i => i is { State: ServiceState.Offline, Next: ServiceState.Online }).ToList())
        {
            log.Append(starting.Fmri, "Stopping because the system is going down. Killing contract.");
            BeginClearing(starting);
        }
    }

    /// <summary>
    /// Takes up what an earlier svc.startd left, once all definitions are in force and the instance's fields are restored: what
    /// runs is watched again, and what was under way is finished or done again.
    /// </summary>
    public void Adopt(ServiceInstance instance)
    {
        Dirty = true;
        if (instance.Next == ServiceState.Online && instance.State == ServiceState.Offline)
        {
            log.Append(instance.Fmri, "svc.startd was restarted while the start method ran. Killing contract and starting again.");
            instance.MethodKind = MethodKind.Start;
            BeginClearing(instance);
        }
        else if (instance.Next != ServiceState.None && instance.Next != instance.State)
        {
            log.Append(instance.Fmri, "svc.startd was restarted while the stop method ran. Killing contract.");
            BeginClearing(instance);
        }
        else if (instance.State.IsRunning())
        {
            instance.Next = ServiceState.None;
            instance.Phase = Phase.Idle;
            if (instance.Definition.Duration == Duration.Wait)
            {
                if (instance.Process is not { } process || !launcher.Adopt(instance.Fmri, process))
                {
                    instance.Process = null;
                    log.Append(instance.Fmri, "Stopping because the service's process ended while svc.startd was down.");
                    instance.PendingStop = StopCause.Fault;
                }
            }
            else
            {
                instance.Process = null;
                if (instance.IsWatchedByContract && instance.Definition.Methods.TryGetValue("start", out var start)
                    && !Methods.BuiltInMethod.IsNull(start.Exec))
                {
                    ContractEmptied(instance.Fmri);
                }
            }
        }
    }
}
