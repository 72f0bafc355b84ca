using System.Collections.Immutable;
using Lumos.Zones.Config;

namespace Lumos.Zones;

/// <summary>
/// What can be done to zones. One implementation, <c>ZoneRuntime</c>, over an OCI runtime; the interface is here so that
/// those who decide what to do can be tested without a kernel.
/// </summary>
public interface IZoneRuntime
{
    /// <summary>The zone's state now, from the index, /run and the kernel; starts no process.</summary>
    ZoneStatus Status(ZoneName name);

    /// <summary>The same of a zone whose line in the index has been read: what is asked of a thousand zones does not read it a thousand times.</summary>
    ZoneStatus Status(ZoneIndexEntry entry);

    /// <summary>
    /// Brings the zone up and returns once its init runs. All that was made is taken back when a step fails.
    /// What an earlier run left behind is cleared first.
    /// </summary>
    /// <exception cref="Lumos.Core.LumosException">ZoneCannotBoot, ZoneBootFailed</exception>
    void Boot(ZoneSpec spec);

    /// <summary>
    /// Brings the zone up as far as everything but its init, which <see cref="Boot"/> then starts. What was made is taken back when
    /// a step fails.
    /// </summary>
    /// <exception cref="Lumos.Core.LumosException">ZoneCannotBoot, ZoneBootFailed</exception>
    void Ready(ZoneSpec spec);

    /// <summary>
    /// Asks the zone's init to stop, by the brand's way, and waits. True: it ended within the time, and is cleaned up.
    /// False: it still runs (Halt it).
    /// </summary>
    bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout);

    /// <summary>
    /// Asks a zone to stop whose <see cref="Shutdown"/> was cut short before it asked. Does nothing to one that was asked: to some
    /// inits a second request means to wait for nothing more.
    /// </summary>
    void ResumeShutdown(ZoneName name);

    /// <summary>Ends every process of the zone at once and clears all that it used. Does nothing when nothing is up.</summary>
    void Halt(ZoneName name);

    /// <summary>
    /// Clears what a zone whose init has ended still holds and returns how it ended; null: it runs, or there was nothing
    /// to clear. For the daemon that watches the monitors' exit files; safe to call at any time, by any number.
    /// </summary>
    ZoneExit? CleanUp(ZoneName name);

    /// <summary>Puts the limits of <paramref name="spec"/> (CPU, memory, threads, I/O, locked memory, System V IPC) on the running zone.</summary>
    void ApplyLimits(ZoneSpec spec);

    /// <summary>Gives the running zone's /tmp the size of <paramref name="spec"/>; between none and some, the next boot has to.</summary>
    void ApplyTmpfs(ZoneSpec spec);

    /// <summary>Takes the static routes of <paramref name="before"/> out of the running zone and puts those of <paramref name="after"/> in.</summary>
    void ApplyRoutes(ZoneSpec before, ZoneSpec after);

    /// <summary>Tells the running machine that a disk of its has grown.</summary>
    /// <param name="name">Its zone.</param>
    /// <param name="disk">The disk's place in the list that it was booted with.</param>
    /// <param name="bytes">As many as there are now.</param>
    /// <exception cref="Lumos.Core.LumosException">In QEMU's words.</exception>
    void GrowDisk(ZoneName name, int disk, long bytes);

    /// <summary>Signals the zone's init.</summary>
    void Signal(ZoneName name, int signal);

    /// <summary>Runs a program inside and returns its exit status (128 + signal when killed).</summary>
    int Exec(ZoneName name, ZoneCommand command);
}

/// <summary>A program to run inside a zone. The streams are our own ones; with a terminal, ours must be one.</summary>
public sealed record ZoneCommand
{
    public required ImmutableArray<string> Argv { get; init; }

    /// <summary>The program's whole environment.</summary>
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Ids inside the zone.</summary>
    public int Uid { get; init; }

    public int Gid { get; init; }

    public ImmutableArray<int> OtherGids { get; init; } = [];

    /// <summary>Give the program a terminal of its own and join ours to it.</summary>
    public bool Terminal { get; init; }

    /// <summary>Do not wait: the program goes on by itself with its streams at /dev/null.</summary>
    public bool Detached { get; init; }
}
