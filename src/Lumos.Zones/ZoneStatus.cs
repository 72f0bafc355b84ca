using Lumos.Zones.Machines;

namespace Lumos.Zones;

/// <summary>What is seen of a zone at one moment.</summary>
/// <param name="State">Its raw state.</param>
/// <param name="ZoneId">Number of this boot; null unless something of the zone is up.</param>
/// <param name="InitPid">Its PID 1, as the global zone numbers it; null unless running.</param>
/// <param name="BootTime">When init was started; null: it was not.</param>
/// <param name="Exit">
/// How its init ended, in state down; otherwise how it ended last, until somebody boots the zone again.
/// </param>
public sealed record ZoneStatus(ZoneState State, int? ZoneId, int? InitPid, DateTimeOffset? BootTime, ZoneExit? Exit)
{
    /// <summary>How often init was started again after it crashed, since somebody last booted the zone.</summary>
    public ZoneRestarts Restarts { get; init; } = ZoneRestarts.None;

    /// <summary>How long its init has lived, by a clock that nobody sets; null unless running.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>Its init is gone, and its monitor, which knows how, has not said so yet.</summary>
    public bool ExitIsToCome { get; init; }

    /// <summary>Ready, and somebody who lives is about to start its init.</summary>
    public bool IsBeingBroughtUp { get; init; }

    /// <summary>Of a machine that is up: kvm or tcg.</summary>
    public string? Accelerator { get; init; }

    /// <summary>What has become of its machine since the last boot; null: it is no machine, or has not been booted.</summary>
    public MachineLife? Machine { get; init; }

    /// <summary>Somebody asked it to stop or to reboot; only in the states shutting_down and down.</summary>
    public ZoneTransition? Transition { get; init; }

    /// <summary>A zone of which nothing is up.</summary>
    public static ZoneStatus Stored(ZoneState state, string zonePath) => new(state, null, null, null, ZoneLastExit.TryRead(zonePath));
}

/// <summary>Where a zone that is shutting down goes.</summary>
/// <param name="To">Installed, or running for a reboot.</param>
/// <param name="Expires">When the patience of who asked ends.</param>
/// <param name="Abandoned">Who asked is gone, and nobody waits.</param>
public sealed record ZoneTransition(ZoneState To, DateTimeOffset Expires, bool Abandoned)
{
    /// <summary>False: it has only been written down that the zone's init is to be asked.</summary>
    public bool IsAsked { get; init; } = true;
}

/// <summary>Restarts of a zone's init after crashes.</summary>
/// <param name="Total">Since somebody last booted the zone.</param>
/// <param name="InRow">Of these, the last ones that followed each other closely.</param>
public sealed record ZoneRestarts(int Total, int InRow)
{
    public static ZoneRestarts None { get; } = new(0, 0);
}

/// <summary>How a zone's init ended.</summary>
/// <param name="Status">Its exit status, or 128 + the signal that killed it.</param>
/// <param name="Time">When.</param>
public sealed record ZoneExit(int Status, DateTimeOffset Time)
{
    private const int LumosInitReboot = 133, KernelReboot = 128 + 1, KernelPowerOff = 128 + 2;

    /// <summary>
    /// The zone asked to be rebooted: reboot(2) inside a pid namespace makes the kernel end its init by SIGHUP for a restart and
    /// by SIGINT for a halt or power-off; lumos-init, which need not ask the kernel, exits with a status of its own.
    /// </summary>
    public bool WantsReboot => Status is KernelReboot or LumosInitReboot;

    /// <summary>Neither a reboot nor a power-off nor an init that had nothing left to do.</summary>
    public bool IsCrash => !WantsReboot && Status is not (0 or KernelPowerOff);

    /// <summary>As vmadm shows it, after SmartOS: 0 for an orderly end, the exit status, or the negative number of a signal.</summary>
    public int Shown => !IsCrash ? 0 : Status > 128 ? 128 - Status : Status;
}

/// <summary>How to stop a zone.</summary>
public enum ZoneShutdown
{
    /// <summary>Its init is asked to stop everything.</summary>
    Halt,

    /// <summary>Its init is asked to stop everything and start again.</summary>
    Reboot,
}
