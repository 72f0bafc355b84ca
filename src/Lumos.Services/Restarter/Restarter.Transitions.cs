using Lumos.Core;
using Lumos.Services.Methods;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>How one instance gets from state to state: the phases, and the events that end them.</summary>
public sealed partial class Restarter
{
    /// <summary>The process that was launched or adopted for the instance ended. Status: exit status, or 128 + signal.</summary>
    public void ProcessEnded(Fmri fmri, int pid, int status)
    {
        if (Find(fmri) is not { } instance || instance.Process?.Pid != pid)
        {
            return;
        }
        instance.Process = null;
        Dirty = true;
        if (instance.Phase == Phase.Method)
        {
            MethodEnded(instance, status);
        }
        else if (instance.Phase == Phase.Draining && contracts.IsEmpty(fmri))
        {
            FinishStop(instance); // it ended on its way into the contract, or as its last
        }
        else if (instance.Phase == Phase.Idle && instance.Definition.Duration == Duration.Wait && instance.State.IsRunning())
        {
            WaitServiceEnded(instance, status);
        }
    }

    /// <summary>The instance's contract has no process any more.</summary>
    public void ContractEmptied(Fmri fmri)
    {
        if (Find(fmri) is not { } instance || !contracts.IsEmpty(fmri))
        {
            return;
        }
        Dirty = true;
        switch (instance.Phase)
        {
            case Phase.Clearing:
                Cleared(instance);
                break;
            case Phase.Draining when instance.Process is null:
                FinishStop(instance);
                break;
            case Phase.Idle when instance.State.IsRunning() && instance.IsWatchedByContract && instance.Next == ServiceState.None:
                log.Append(fmri, "Stopping because all processes in service exited.");
                instance.PendingStop = StopCause.Fault;
                break;
        }
    }

    /// <summary>Looks for phases that have lasted too long.</summary>
    public void TimePassed()
    {
        var now = clock.Monotonic;
        foreach (var instance in _instances.Values.Where(i => i.Deadline <= now).ToList())
        {
            instance.Deadline = null;
            Dirty = true;
            switch (instance.Phase)
            {
                case Phase.Method:
                    log.Append(instance.Fmri, $"Method \"{Name(instance.MethodKind)}\" timed out. Killing contract.");
                    instance.TimedOut = true;
                    KillMethod(instance);
                    break;
                case Phase.Draining:
                    log.Append(instance.Fmri, "Service exit timed out. Killing contract.");
                    BeginClearing(instance);
                    break;
                case Phase.Clearing:
                    log.Append(instance.Fmri, "Some processes cannot be killed. Going on without waiting for them.");
                    Cleared(instance);
                    break;
            }
        }
        foreach (var instance in _instances.Values.Where(i => i.NextLook <= now).ToList())
        {
            TellToStop(instance, instance.Round!);
        }
    }

    private void BeginStart(ServiceInstance instance)
    {
        instance.Next = ServiceState.Online;
        instance.MethodKind = MethodKind.Start;
        instance.Faults = 0;
        BeginClearing(instance);
    }

    private void BeginRefresh(ServiceInstance instance)
    {
        instance.PendingRefresh = false;
        if (!instance.Definition.Methods.ContainsKey("refresh") || instance.Definition.Duration == Duration.Wait)
        {
            log.Append(instance.Fmri, "No 'refresh' method defined. Treating as :true.");
        }
        else
        {
            instance.Next = instance.State;
            RunMethod(instance, MethodKind.Refresh);
        }
        _ = TellDependents(instance, RestartOn.Refresh);
    }

    private void RunMethod(ServiceInstance instance, MethodKind kind)
    {
        instance.MethodKind = kind;
        instance.Phase = Phase.Method;
        instance.TimedOut = false;
        string name = Name(kind);
        var method = instance.Definition.Methods.GetValueOrDefault(name);
        if (kind == MethodKind.Start && IsStartedTooOften(instance))
        {
            GiveUp(instance, "restarting_too_quickly", "it was restarting too quickly");
            return;
        }
        if (method is null && kind == MethodKind.Stop && instance.Definition.Duration == Duration.Wait)
        {
            method = new Method(":kill", TimeSpan.FromSeconds(60), MethodContext.Default); // a wait service needs no stop method
        }
        if (method is null || BuiltInMethod.IsNull(method.Exec))
        {
            log.Append(instance.Fmri, $"Executing {name} method (null).");
            MethodSucceeded(instance);
            return;
        }
        instance.Deadline = method.Timeout is { } limit ? clock.Monotonic + limit : null;
        if (BuiltInMethod.KillSignal(method.Exec) is { } signal)
        {
            log.Append(instance.Fmri, $"Executing {name} method (:kill).");
            instance.Round = new SignalRound(signal);
            TellToStop(instance, instance.Round);
            MethodSucceeded(instance);
            return;
        }
        try
        {
            string command = MethodTokens.Expand(method.Exec, instance.Definition, name);
            log.Append(instance.Fmri, $"Executing {name} method (\"{command}\").");
            instance.Process = launcher.Launch(new MethodLaunch(instance.Fmri, kind, command, method.Context));
        }
        catch (LumosException e)
        {
            log.Append(instance.Fmri, $"Method \"{name}\" could not be run: {LumosException.Describe(e)}.");
            MethodEnded(instance, SmfExit.ErrConfig);
            return;
        }
        if (kind == MethodKind.Start && instance.Definition.Duration == Duration.Wait)
        {
            instance.StartStatus = null;
            MethodSucceeded(instance); // its start method is the service, and has no time limit
        }
    }

    private void MethodEnded(ServiceInstance instance, int status)
    {
        string name = Name(instance.MethodKind);
        log.Append(instance.Fmri, status > 128 && !instance.TimedOut
            ? $"Method \"{name}\" failed due to signal {BuiltInMethod.SignalName(status - 128)}."
            : $"Method \"{name}\" exited with status {status}.");
        if (instance.MethodKind == MethodKind.Start)
        {
            instance.StartStatus = status;
            instance.Unwatched = status is SmfExit.NoDaemon or SmfExit.TempTransient;
            if (status == SmfExit.TempDisable)
            {
                log.Append(instance.Fmri, "The start method asked for the service to be disabled until the next boot.");
                instance.EnabledOverride = false;
                instance.Next = ServiceState.Disabled;
                BeginClearing(instance);
                return;
            }
        }
        if (status == SmfExit.Ok || (instance.Unwatched && instance.MethodKind == MethodKind.Start))
        {
            MethodSucceeded(instance);
        }
        else
        {
            MethodFailed(instance, status);
        }
    }

    private void MethodSucceeded(ServiceInstance instance)
    {
        instance.Faults = 0;
        switch (instance.MethodKind)
        {
            case MethodKind.Start when instance.PendingMaintenance || (ShuttingDown && instance.Definition.Duration == Duration.Wait):
                goto default;
            case MethodKind.Start:
                MoveTo(instance, ServiceState.Online);
                if (instance.IsWatchedByContract && !BuiltInMethod.IsNull(instance.Definition.Methods["start"].Exec))
                {
                    ContractEmptied(instance.Fmri);
                }
                break;
            case MethodKind.Stop when instance.Process is null && contracts.IsEmpty(instance.Fmri):
                FinishStop(instance);
                break;
            case MethodKind.Stop when instance.Definition.Duration == Duration.Transient:
                BeginClearing(instance);
                break;
            case MethodKind.Stop:
                instance.Phase = Phase.Draining; // the deadline of the method goes on
                break;
            default:
                // Refreshed, or started only to go at once: the state stays, and the rules look again.
                var state = instance.MethodKind == MethodKind.Refresh ? instance.State : ServiceState.Online;
                instance.State = state;
                instance.Next = ServiceState.None;
                instance.Phase = Phase.Idle;
                instance.Deadline = null;
                if (instance.IsWatchedByContract)
                {
                    ContractEmptied(instance.Fmri); // it may have ended while it was being refreshed
                }
                break;
        }
    }

    private void MethodFailed(ServiceInstance instance, int status)
    {
        bool again = !SmfExit.IsFatal(status) && ++instance.Faults < RestartPolicy.FaultThreshold;
        string how = instance.TimedOut ? "timed out"
            : status > 128 ? $"died on signal {BuiltInMethod.SignalName(status - 128)}"
            : status == SmfExit.ErrConfig ? "exited with SMF_EXIT_ERR_CONFIG"
            : status == SmfExit.ErrFatal ? "exited with SMF_EXIT_ERR_FATAL"
            : $"exited with status {status}";
        switch (instance.MethodKind)
        {
            case MethodKind.Refresh:
                log.Append(instance.Fmri, "The refresh method failed; the service goes on as it was.");
                MethodSucceeded(instance);
                break;
            case MethodKind.Stop when again && !instance.TimedOut && !contracts.IsEmpty(instance.Fmri):
                RunMethod(instance, MethodKind.Stop);
                break;
            case MethodKind.Stop:
                BeginClearing(instance);
                break;
            case MethodKind.Start when again && !ShuttingDown && !instance.PendingMaintenance:
                BeginClearing(instance);
                break;
            case MethodKind.Start when ShuttingDown || instance.PendingMaintenance:
                instance.Next = ServiceState.Offline;
                BeginClearing(instance);
                break;
            default:
                GiveUp(
                    instance,
                    SmfExit.IsFatal(status) ? "method_failed" : "fault_threshold_reached",
                    SmfExit.IsFatal(status) ? $"the start method {how}" : $"the start method failed repeatedly, last it {how}");
                break;
        }
    }

    /// <summary>The only process of a wait service ended: that is normal unless it says otherwise.</summary>
    private void WaitServiceEnded(ServiceInstance instance, int status)
    {
        instance.StartStatus = status;
        if (SmfExit.IsFatal(status))
        {
            log.Append(instance.Fmri, $"Stopping because the service's process exited with status {status}.");
            instance.PendingMaintenance = true;
            instance.Auxiliary = "method_failed";
            instance.Reason = $"its process exited with status {status}";
        }
        else
        {
            log.Append(instance.Fmri, status > 128
                ? $"Stopping because the service's process died on signal {BuiltInMethod.SignalName(status - 128)}."
                : $"Stopping because the service's process exited with status {status}.");
            instance.PendingStop = StopCause.Fault;
        }
    }

    private void GiveUp(ServiceInstance instance, string auxiliary, string reason)
    {
        instance.Auxiliary = auxiliary;
        instance.Reason = reason;
        instance.Next = ServiceState.Maintenance;
        BeginClearing(instance);
    }

    private bool IsStartedTooOften(ServiceInstance instance)
    {
        instance.Starts.Add(clock.Monotonic);
        if (instance.Starts.Count > instance.Definition.CriticalStarts)
        {
            instance.Starts.RemoveAt(0);
        }
        if (!RestartPolicy.IsTooFast(instance.Starts, instance.Definition.CriticalStarts, instance.Definition.CriticalPeriod))
        {
            return false;
        }
        log.Append(instance.Fmri, "Restarting too quickly, changing state to maintenance.");
        return true;
    }

    private static string Name(MethodKind kind) => kind switch
    {
        MethodKind.Start => "start",
        MethodKind.Stop => "stop",
        _ => "refresh",
    };
}
