using Lumos.Core;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Machine;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Init.Supervision;

/// <summary>
/// What stands in for PID 1 in a hosted global zone, beside the host's own init: keeps svc.startd running and reaps what loses
/// its parent. TERM or INT stops the services and ends it. Killed, it leaves everything running; the next one puts a new svc.startd in
/// the place of the one that lost its keeper, which takes up the services.
/// </summary>
internal static class HostedSupervisor
{
    private static ReadOnlySpan<int> Signals => [Signal.CHLD, Signal.TERM, Signal.INT, Signal.HUP];

    internal static int Run()
    {
        ProcessSignals.BlockEverywhere(Signals);
        SelfProcess.BecomeSubreaper();
        Pid1.Attempt("cgroups", CgroupLeaves.Make);
        Pid1.Attempt("the svc.startd of an earlier supervisor", EndOldStartd);
        using var loop = new EventLoop();
        using var signals = SignalFd.Open(Signals);
        using var startd = new StartdKeeper(loop, InitMode.Hosted);
        bool stopping = false;
        loop.Add(signals.Descriptor, PollEvents.Readable, _ =>
        {
            while (signals.TryRead(out var signal))
            {
                if (signal.Number is Signal.TERM or Signal.INT)
                {
                    if (stopping)
                    {
                        startd.GiveUpWaiting();
                        continue;
                    }
                    stopping = true;
                    Say.Line("lumos-init: stopping the services");
                    startd.Stop();
                }
            }
            Reap(startd);
        });
        startd.Start();
        Reap(startd);
        while (!stopping || !startd.HasStopped)
        {
            try
            {
                loop.RunOnce();
            }
            catch (Exception e)
            {
                Say.Line($"lumos-init: {LumosException.Describe(e)}");
                Thread.Sleep(TimeSpan.FromSeconds(1));
            }
        }
        return 0;
    }

    private static void EndOldStartd()
    {
        var group = new Cgroup(Cgroup.Root + "/startd");
        if (group.Exists && group.IsPopulated())
        {
            group.Kill();
            group.WaitUntilEmpty(TimeSpan.FromSeconds(10));
        }
    }

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
}
