using Lumos.Linux.Signals;

namespace Lumos.Init;

/// <summary>What the owner of the machine, or of the zone, asks of PID 1.</summary>
internal enum ShutdownKind
{
    Halt,
    PowerOff,
    Reboot,
}

/// <summary>
/// Requests to PID 1 are signals, as the kernel and container runtimes send them already:
/// USR1 halt; USR2, PWR, RTMIN+4 power off; INT (Ctrl-Alt-Del), RTMIN+5 reboot; RTMIN+3 halt; TERM: reboot on a machine,
/// halt in a zone (where a runtime's "stop" sends it); HUP in a zone: reboot.
/// A second request during a shutdown cuts the waiting for the services short.
/// </summary>
internal static class Pid1Signals
{
    internal const int Halt = Signal.RTMIN + 3, PowerOff = Signal.RTMIN + 4, Reboot = Signal.RTMIN + 5;

    internal static ReadOnlySpan<int> All =>
        [Signal.CHLD, Signal.TERM, Signal.INT, Signal.HUP, Signal.USR1, Signal.USR2, Signal.PWR, Halt, PowerOff, Reboot];

    internal static void Block() => ProcessSignals.Block(All);

    internal static ShutdownKind? Meaning(int signal, InitMode mode) => signal switch
    {
        Signal.USR1 or Halt => ShutdownKind.Halt,
        Signal.USR2 or Signal.PWR or PowerOff => ShutdownKind.PowerOff,
        Signal.INT or Reboot => ShutdownKind.Reboot,
        Signal.TERM => mode == InitMode.Zone ? ShutdownKind.Halt : ShutdownKind.Reboot,
        Signal.HUP when mode == InitMode.Zone => ShutdownKind.Reboot,
        _ => null,
    };
}

/// <summary>Whose PID 1 we are, or (Hosted) in whose place.</summary>
internal enum InitMode
{
    Machine,
    Zone,
    Hosted,
}
