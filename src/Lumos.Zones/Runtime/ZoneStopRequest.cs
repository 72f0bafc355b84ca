using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Zones.Runtime;

/// <summary>How each kind of init is asked to stop.</summary>
internal static class ZoneStopRequest
{
    // systemd(1), "SIGNALS": RTMIN+3 starts halt.target, RTMIN+5 reboot.target. Our own init takes the same two.
    private const int Halt = Signal.RTMIN + 3, Reboot = Signal.RTMIN + 5;

    internal static void Send(IZoneRuntime runtime, ZoneName name, ZoneBrand brand, ProcessHandle init, ZoneShutdown how)
    {
        if (brand.IsNative || IsSystemd(init.Pid))
        {
            init.Signal(how == ZoneShutdown.Reboot ? Reboot : Halt);
            return;
        }
        runtime.Exec(name, new ZoneCommand
        {
            Argv = ["/sbin/shutdown", how == ZoneShutdown.Reboot ? "-r" : "-h", "now"],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" }.ToImmutableSorted(),
            Detached = true,
        });
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
