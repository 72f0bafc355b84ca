using Lumos.Core;
using Lumos.Linux.Machine;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Init.Supervision;

/// <summary>
/// PID 1 of the machine or of a native zone: prepares the kernel's file systems, keeps svc.startd running, reaps
/// everything, shuts down.
/// </summary>
/// <remarks>
/// States: serving → stopping (svc.startd stops the services) → ended. Requests are signals (<see cref="Pid1Signals"/>).
/// One thread, one epoll loop, no tasks. Signals arrive by a signalfd; all threads block them, because the mask is set before
/// the runtime starts (stage 1 blocks them and executes us; a zone's PID 1 executes itself once).
/// Ownership: svc.startd is our child, services are its; what loses its parent comes to us and is only reaped.
/// svc.startd sits in the cgroup /startd, we in /init: the root of the tree holds no processes, so that it may hand out
/// its controllers.
/// Failure: svc.startd dying is said on the console and it is started again, later each time (<see cref="StartdKeeper"/>);
/// services go on meanwhile. Any fault of ours is caught, said and survived: on a machine the exit of PID 1 is a panic. If
/// even the loop cannot run, a shell on the console is all that is left.
/// The end of a zone: exit status 0 for halt and power-off, <see cref="ZoneRebootStatus"/> when it wants to be booted again.
/// </remarks>
internal static class Pid1
{
    /// <summary>A zone's PID 1 asks by this exit status to be started again (systemd in a container uses the same).</summary>
    internal const int ZoneRebootStatus = 133;

    internal static int Run(InitMode mode)
    {
        try
        {
            ProcessSignals.BlockEverywhere(Pid1Signals.All);
            return Serve(mode);
        }
        catch (Exception e)
        {
            Say.Line($"lumos-init: {LumosException.Describe(e)}");
            if (mode == InitMode.Zone)
            {
                return 1; // the zone is down and its log has the reason
            }
            EmergencyShell.ServeForEver();
            return 1;
        }
    }

    private static int Serve(InitMode mode)
    {
        if (mode == InitMode.Machine)
        {
            Attempt("Ctrl-Alt-Del", Reboot.DisableCtrlAltDel);
            MachineSetup.Run();
        }
        else
        {
            ZoneSetup.Run();
        }

        using var loop = new EventLoop();
        using var signals = SignalFd.Open(Pid1Signals.All);
        using var startd = new StartdKeeper(loop, mode);
        ShutdownKind? wanted = null;
        loop.Add(signals.Descriptor, PollEvents.Readable, _ =>
        {
            while (signals.TryRead(out var signal))
            {
                var meaning = Pid1Signals.Meaning(signal.Number, mode);
                if (meaning is not null && wanted is not null)
                {
                    startd.GiveUpWaiting();
                }
                if (meaning is { } kind && wanted is null)
                {
                    wanted = kind;
                    Say.Line($"lumos-init: {Describe(kind)}: stopping the services");
                    startd.Stop();
                }
            }
            Reap(startd);
        });
        startd.Start();
        Reap(startd);
        while (wanted is null || !startd.HasStopped)
        {
            try
            {
                loop.RunOnce();
            }
            catch (Exception e)
            {
                Say.Line($"lumos-init: {LumosException.Describe(e)}");
                Thread.Sleep(TimeSpan.FromSeconds(1)); // whatever it was must not become a busy loop
            }
        }
        return FinalStage.Run(wanted.Value, mode);
    }

    /// <summary>Reaps all that has ended; svc.startd is handed to its keeper.</summary>
    private static void Reap(StartdKeeper startd)
    {
        while (ChildReaper.Peek() is { } pid)
        {
            if (!startd.TakeEnd(pid))
            {
                ChildReaper.Reap(pid);
            }
        }
    }

    internal static string Describe(ShutdownKind kind) => kind switch
    {
        ShutdownKind.Halt => "halt",
        ShutdownKind.PowerOff => "power off",
        _ => "reboot",
    };

    /// <summary>Does something that must not keep PID 1 from going on; a failure is said.</summary>
    internal static void Attempt(string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Say.Line($"lumos-init: {what}: {LumosException.Describe(e)}");
        }
    }
}
