using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Restarter;

/// <summary>A method to be started.</summary>
public sealed record MethodLaunch(Fmri Fmri, MethodKind Kind, string Command, MethodContext Context);

/// <summary>Starts and watches processes. The end of a watched one comes back as <see cref="Restarter.ProcessEnded"/>.</summary>
public interface IMethodLauncher
{
    /// <summary>Starts the method inside the instance's contract.</summary>
    /// <exception cref="LumosException">It could not be started; the message says why.</exception>
    WatchedProcess Launch(MethodLaunch launch);

    /// <summary>Watches a process that an earlier svc.startd started; false: it is not there any more.</summary>
    bool Adopt(Fmri fmri, WatchedProcess process);

    /// <summary>Sends a signal to the watched process, which may still be on its way into its contract.</summary>
    void Signal(Fmri fmri, int signal);

    /// <summary>Stops watching.</summary>
    void Forget(Fmri fmri);
}

/// <summary>
/// Contracts: all processes of an instance, whoever forked them. That one has become empty comes back as
/// <see cref="Restarter.ContractEmptied"/> for as long as it exists.
/// </summary>
public interface IContracts
{
    bool IsEmpty(Fmri fmri);

    /// <summary>A number that names this contract; null: there is none now.</summary>
    long? Id(Fmri fmri);

    IReadOnlyList<int> Processes(Fmri fmri);

    /// <summary>Sends the round's signal to every process that has not had it.</summary>
    void Signal(Fmri fmri, SignalRound round);

    /// <summary>Ends every process, those just being forked included.</summary>
    void Kill(Fmri fmri);

    /// <summary>Forgets an empty contract.</summary>
    void Remove(Fmri fmri);
}

/// <summary>Where the restarter's words go: the instance's own log, and for what an administrator must see, the console.</summary>
public interface IServiceLog
{
    void Append(Fmri fmri, string line);

    void Alert(string line);
}

public interface IClock
{
    DateTimeOffset Now { get; }

    /// <summary>Time since some fixed point that survives a restart of svc.startd, but not of the machine.</summary>
    TimeSpan Monotonic { get; }
}
