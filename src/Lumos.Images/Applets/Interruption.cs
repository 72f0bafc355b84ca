using System.Runtime.InteropServices;
using Lumos.Core;

namespace Lumos.Images.Applets;

/// <summary>SIGINT and SIGTERM as a token, so that what was begun is taken back before the command ends.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupted, _terminated;

    public Interruption()
    {
        _interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    public CancellationToken Token => _stop.Token;

    /// <summary>Does something that may be interrupted.</summary>
    /// <param name="outcome">What has not come to be then, as the end of a sentence.</param>
    /// <exception cref="LumosException">Interrupted: whatever failed after that, failed of it (programs of ours get the signal of a terminal too).</exception>
    public static int Run(string outcome, Func<CancellationToken, int> work)
    {
        using var stop = new Interruption();
        try
        {
            return work(stop.Token);
        }
        catch (Exception e) when (stop.Token.IsCancellationRequested && (e is OperationCanceledException or LumosException or IOException))
        {
            throw new LumosException("Interrupted", $"interrupted: {outcome}");
        }
    }

    public void Dispose()
    {
        _interrupted.Dispose();
        _terminated.Dispose();
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _stop.Cancel();
    }
}
