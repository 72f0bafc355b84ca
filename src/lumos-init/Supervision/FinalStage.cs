using System.Diagnostics;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Init.Supervision;

/// <summary>
/// The end, after the services have stopped: whatever still runs gets TERM, then KILL; then the disks are left in order (swap
/// off, file systems unmounted, pools exported) and the machine restarts or stops, or the zone's PID 1 exits. Every step is
/// bounded in time and none that fails keeps the next from being done.
/// </summary>
internal static class FinalStage
{
    private static readonly TimeSpan TermLimit = TimeSpan.FromSeconds(10), KillLimit = TimeSpan.FromSeconds(10), ToolLimit = TimeSpan.FromSeconds(60);

    /// <summary>Mounts that are the system itself; what lies below them in this list goes with the power.</summary>
    private static readonly string[] Own = ["/", "/usr", "/.platform", "/run", "/tmp"];

    internal static int Run(ShutdownKind kind, InitMode mode)
    {
        EndEverything();
        if (mode == InitMode.Zone)
        {
            return kind == ShutdownKind.Reboot ? Pid1.ZoneRebootStatus : 0;
        }
        DurableFile.SyncAll();
        Pid1.Attempt("swap", SwapOff);
        UnmountAll();
        ExportPools();
        DurableFile.SyncAll();
        Say.Line($"lumos-init: {Pid1.Describe(kind)} now");
        Pid1.Attempt(Pid1.Describe(kind), kind switch
        {
            ShutdownKind.Reboot => Reboot.Restart,
            ShutdownKind.PowerOff => Reboot.PowerOff,
            _ => Reboot.Halt,
        });
        // The firmware did not take it: nothing is left that could run.
        Say.Line("lumos-init: the machine did not obey; it is safe to switch it off");
        Thread.Sleep(Timeout.Infinite);
        return 1;
    }

    private static void EndEverything()
    {
        foreach (var (signal, limit) in new[] { (Signal.TERM, TermLimit), (Signal.KILL, KillLimit) })
        {
            // −1: everything but ourselves (in a zone: everything of the zone).
            if (!ProcessSignals.Send(-1, signal))
            {
                return;
            }
            ProcessSignals.Send(-1, Signal.CONT);
            if (ReapAll(limit))
            {
                return;
            }
        }
        Say.Line("lumos-init: some processes do not end; going on without them");
    }

    /// <summary>Reaps until no child is left. False: the time is up.</summary>
    private static bool ReapAll(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (ChildReaper.HasChildren())
        {
            while (ChildReaper.Peek() is { } pid)
            {
                ChildReaper.Reap(pid);
            }
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                return false;
            }
            Thread.Sleep(10);
        }
        return true;
    }

    private static void SwapOff()
    {
        foreach (string area in Swap.Active())
        {
            Pid1.Attempt(area, () => Swap.Off(area));
        }
    }

    private static void UnmountAll()
    {
        // Several rounds: what was busy because of a mount below it is free in the next one.
        for (int round = 0; round < 3; round++)
        {
            var left = MountTable.Read().Reverse().Where(m => !IsOwn(m.Target)).ToList();
            int failures = 0;
            foreach (var mount in left)
            {
                try
                {
                    Mount.TryDetach(mount.Target);
                }
                catch (ErrnoException e)
                {
                    failures++;
                    if (round == 2)
                    {
                        Say.Line($"lumos-init: {e.Message}");
                    }
                }
            }
            if (failures == 0)
            {
                return;
            }
        }
    }

    private static bool IsOwn(string target) =>
        Own.Contains(target) || target.StartsWith("/.layers/", StringComparison.Ordinal)
        || new[] { "/proc", "/sys", "/dev" }.Any(t => target == t || target.StartsWith(t + "/", StringComparison.Ordinal));

    private static void ExportPools()
    {
        const string zpool = "/usr/sbin/zpool";
        if (!Directory.Exists("/proc/spl/kstat/zfs") || !File.Exists(zpool))
        {
            return;
        }
        Pid1.Attempt("export the pools", () =>
        {
            using var child = ChildProcess.Start(new SpawnRequest
            {
                Argv = [zpool, "export", "-a"], Environment = BootEnvironment.Create(), WorkingDirectory = "/",
                ErrorOutput = new Lumos.Linux.Handles.FileDescriptor(2, owns: false),
            });
            if (!child.HasEnded(ToolLimit))
            {
                Say.Line("lumos-init: the pools are not exported in time; their next import takes them as they are");
            }
        });
    }
}
