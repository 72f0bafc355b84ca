using System.Diagnostics;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Zones.Runtime;

/// <summary>How each kind of init is asked to stop.</summary>
internal static class ZoneStopRequest
{
    // systemd(1), "SIGNALS": RTMIN+3 starts halt.target, RTMIN+5 reboot.target. Our own init takes the same two.
    private const int Halt = Signal.RTMIN + 3, Reboot = Signal.RTMIN + 5;

    // To a PID 1 that does not handle a signal yet, the kernel does not deliver it: a zone that has only just been started would never hear.
    private static readonly TimeSpan UntilItHears = TimeSpan.FromSeconds(10), Step = TimeSpan.FromMilliseconds(5);

    internal static void Send(IZoneRuntime runtime, ZoneName name, ZoneBrand brand, ProcessHandle init, ZoneShutdown how)
    {
        if (brand.IsNative || IsSystemd(init.Pid))
        {
            Send(init, how == ZoneShutdown.Reboot ? Reboot : Halt, UntilItHears);
            return;
        }
        runtime.Exec(name, new ZoneCommand
        {
            Argv = ["/sbin/shutdown", how == ZoneShutdown.Reboot ? "-r" : "-h", "now"],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" }.ToImmutableSorted(),
            Detached = true,
        });
    }

    /// <summary>Of a program that may never listen for it, and is then halted when its time is up.</summary>
    internal static void Send(ProcessHandle init, int signal) => Send(init, signal, TimeSpan.FromSeconds(1));

    private static void Send(ProcessHandle init, int signal, TimeSpan untilItHears)
    {
        for (var clock = Stopwatch.StartNew(); !ProcessSignals.IsHeard(init.Pid, signal) && clock.Elapsed < untilItHears && !init.WaitForEnd(Step);)
        {
        }
        init.Signal(signal);
    }

    // The name a process gives itself proves nothing; a tenant who lies about it only spoils its own shutdown.
    private static bool IsSystemd(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").Trim() == "systemd";
        }
        catch (IOException)
        {
            return false;
        }
    }
}
