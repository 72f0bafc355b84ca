using Lumos.Linux.Signals;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>How the processes of an instance are ended: asked to, by the stop method, or killed.</summary>
public sealed partial class Restarter
{
    private void BeginStop(ServiceInstance instance, StopCause cause)
    {
        instance.PendingStop = cause;
        instance.PendingRefresh = false;
        instance.Faults = 0;
        instance.Next = instance.PendingMaintenance ? ServiceState.Maintenance
            : IsWanted(instance) ? ServiceState.Offline
            : ServiceState.Disabled;
        if (cause is not StopCause.Fault)
        {
            log.Append(instance.Fmri, cause switch
            {
                StopCause.Disabled => "Stopping because service disabled.",
                StopCause.Restart => "Stopping because service restarting.",
                StopCause.Maintenance => "Stopping because maintenance was requested.",
                _ => "Stopping because dependency activity requires stop.",
            });
        }
        RunMethod(instance, MethodKind.Stop);
    }

    /// <summary>Signals the processes of a service that have not been: those in its contract, and the launched one on its way into it.</summary>
    private void TellToStop(ServiceInstance instance, SignalRound round)
    {
        contracts.Signal(instance.Fmri, round);
        if (instance.Process is { } launched)
        {
            round.Tell(launched.Pid, launched.StartTicks, _ => launcher.Signal(instance.Fmri, round.Signal));
        }
        instance.NextLook = clock.Monotonic + LookInterval;
    }

    private void FinishStop(ServiceInstance instance)
    {
        instance.PendingStop = null;
        instance.Unwatched = false;
        instance.Process = null;
        launcher.Forget(instance.Fmri);
        contracts.Remove(instance.Fmri);
        var next = instance.Next;
        bool maintenance = instance.PendingMaintenance || next == ServiceState.Maintenance;
        instance.PendingMaintenance = false;
        if (maintenance)
        {
            MoveTo(instance, ServiceState.Maintenance, instance.Auxiliary, instance.Reason);
        }
        else
        {
            MoveTo(instance, next);
        }
    }

    /// <summary>Ends whatever is in the contract, then goes on to what Next says.</summary>
    private void BeginClearing(ServiceInstance instance)
    {
        KillLaunched(instance);
        instance.Phase = Phase.Clearing;
        instance.NextLook = null;
        if (contracts.IsEmpty(instance.Fmri))
        {
            Cleared(instance);
            return;
        }
        instance.Deadline = clock.Monotonic + ClearingLimit;
        contracts.Kill(instance.Fmri);
    }

    private void Cleared(ServiceInstance instance)
    {
        if (instance.Next == ServiceState.Online && !ShuttingDown && !instance.PendingMaintenance)
        {
            RunMethod(instance, MethodKind.Start);
        }
        else
        {
            instance.Next = instance.Next == ServiceState.Online ? ServiceState.Offline : instance.Next;
            FinishStop(instance);
        }
    }

    /// <summary>Ends the method's whole contract where it may, and the method alone where the service has to live on.</summary>
    private void KillMethod(ServiceInstance instance)
    {
        KillLaunched(instance);
        if (instance.MethodKind == MethodKind.Refresh)
        {
            MethodEnded(instance, 128 + 9);
            return;
        }
        contracts.Kill(instance.Fmri);
        if (instance.MethodKind == MethodKind.Start)
        {
            instance.StartStatus = 128 + 9;
        }
        MethodFailed(instance, 128 + 9);
    }

    /// <summary>Ends the launched process, which may not be in its contract yet.</summary>
    private void KillLaunched(ServiceInstance instance)
    {
        launcher.Signal(instance.Fmri, Signal.KILL);
        launcher.Forget(instance.Fmri);
        instance.Process = null;
    }
}
