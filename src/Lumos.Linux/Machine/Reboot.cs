using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>reboot(2). Nothing is written out first: sync before. In a PID namespace it ends the namespace instead.</summary>
public static class Reboot
{
    public static void Restart() => Do(Libc.RB_AUTOBOOT, "restart");

    public static void Halt() => Do(Libc.RB_HALT_SYSTEM, "halt");

    public static void PowerOff() => Do(Libc.RB_POWER_OFF, "power off");

    /// <summary>Ctrl-Alt-Del sends INT to PID 1 instead of restarting at once.</summary>
    public static void DisableCtrlAltDel() => Do(Libc.RB_DISABLE_CAD, "disable Ctrl-Alt-Del");

    private static void Do(int command, string what) => _ = SystemCall.Checked(Libc.reboot(command), what);
}
