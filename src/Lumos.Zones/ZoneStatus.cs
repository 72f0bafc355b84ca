namespace Lumos.Zones;

/// <summary>What is seen of a zone at one moment.</summary>
/// <param name="State">Its raw state.</param>
/// <param name="ZoneId">Number of this boot; null unless something of the zone is up.</param>
/// <param name="InitPid">Its PID 1, as the global zone numbers it; null unless running.</param>
/// <param name="BootTime">When init was started.</param>
/// <param name="Exit">How its init ended; only in state down.</param>
public sealed record ZoneStatus(ZoneState State, int? ZoneId, int? InitPid, DateTimeOffset? BootTime, ZoneExit? Exit);

/// <summary>How a zone's init ended.</summary>
/// <param name="Status">Its exit status, or 128 + the signal that killed it.</param>
/// <param name="Time">When.</param>
public sealed record ZoneExit(int Status, DateTimeOffset Time)
{
    /// <summary>
    /// The zone asked to be rebooted: reboot(2) inside a pid namespace makes the kernel end its init by SIGHUP for a restart and
    /// by SIGINT for a halt or power-off; lumos-init, which need not ask the kernel, exits with a status of its own.
    /// </summary>
    public bool WantsReboot => Status is 128 + 1 or LumosInitReboot;

    private const int LumosInitReboot = 133;
}

/// <summary>How to stop a zone.</summary>
public enum ZoneShutdown
{
    /// <summary>Its init is asked to stop everything.</summary>
    Halt,

    /// <summary>Its init is asked to stop everything and start again.</summary>
    Reboot,
}
