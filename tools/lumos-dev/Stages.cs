using System.Diagnostics;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.Dev;

/// <summary>A stage failed and has been reported; the program only ends with its status.</summary>
internal sealed class StageFailedException(int exitStatus, Exception inner)
    : LumosException("StageFailed", "a stage failed", exitStatus, inner);

/// <summary>
/// Progress of a longer command on standard error: one line a stage with the time it took, running on a terminal, written
/// once elsewhere. A failed stage is followed by the end of the log.
/// </summary>
internal sealed class Stages
{
    private const int LinesOfFailure = 20;
    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Lock _lock = new();
    private readonly TextWriter _out = Console.Error;
    private Timer? _ticker;

    public Stages(string log)
    {
        Log = log;
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        File.WriteAllText(log, "");
    }

    /// <summary>The file with everything the stages printed.</summary>
    public string Log { get; }

    /// <summary>A sentence for the user, and for the log.</summary>
    public void Say(string sentence)
    {
        lock (_lock)
        {
            _out.WriteLine((_terminal ? "\r\x1b[K" : "") + sentence);
            Note(sentence);
        }
    }

    /// <summary>A line for the log alone.</summary>
    public void Note(string line)
    {
        lock (_lock)
        {
            File.AppendAllText(Log, line + "\n");
        }
    }

    /// <summary>Carries out one stage. A failure is told here and ends the command.</summary>
    public T Run<T>(string name, Func<T> work)
    {
        var clock = Stopwatch.StartNew();
        Note($"== {name}");
        using (var ticker = _terminal ? new Timer(_ => Draw(name, clock), null, 0, 200) : null)
        {
            try
            {
                var result = work();
                ticker?.Change(Timeout.Infinite, Timeout.Infinite);
                Finish(name, clock, "done");
                return result;
            }
            catch (Exception e) when (e is not StageFailedException)
            {
                ticker?.Change(Timeout.Infinite, Timeout.Infinite);
                Finish(name, clock, "FAILED");
                throw Told(e);
            }
        }
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(string name, Action work) => Run(name, () =>
    {
        work();
        return true;
    });

    /// <summary>Carries out work that tells its own stages through <see cref="Show"/>; a failure is told here.</summary>
    public T Telling<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is not StageFailedException)
        {
            StopTicking();
            throw Told(e);
        }
    }

    /// <summary>Shows a stage of the image build, as the build reports it.</summary>
    public void Show(StageEvent step)
    {
        StopTicking();
        string name = "build: " + step.Stage;
        switch (step.State)
        {
            case StageState.Started:
                var clock = Stopwatch.StartNew();
                Note($"== {name}");
                _ticker = _terminal ? new Timer(_ => Draw(name, clock), null, 0, 200) : null;
                break;
            case StageState.Cached:
                Finished(name, step.Elapsed, "unchanged");
                break;
            default:
                Finished(name, step.Elapsed, step.State == StageState.Built ? "done" : "FAILED");
                break;
        }
    }

    private void StopTicking()
    {
        lock (_lock)
        {
            _ticker?.Dispose();
            _ticker = null;
        }
    }

    private void Finished(string name, TimeSpan elapsed, string how)
    {
        lock (_lock)
        {
            _out.WriteLine((_terminal ? "\r\x1b[K" : "") + Line(name, elapsed) + "  " + how);
            File.AppendAllText(Log, $"== {name}: {how} after {elapsed.TotalSeconds:0.0} s\n");
        }
    }

    private StageFailedException Told(Exception error)
    {
        string tail = TextTail.OfFile(Log, LinesOfFailure);
        Say($"lumos: {LumosException.Describe(error)}");
        if (error is not LumosException)
        {
            Note(error.ToString());
        }
        _out.WriteLine($"The log is {Log}; it ends with:");
        foreach (string line in tail.Split('\n'))
        {
            _out.WriteLine("  " + line);
        }
        return new StageFailedException((error as LumosException)?.ExitStatus ?? 1, error);
    }

    private void Draw(string name, Stopwatch clock)
    {
        lock (_lock)
        {
            if (clock.IsRunning)
            {
                _out.Write("\r\x1b[K" + Line(name, clock.Elapsed));
            }
        }
    }

    private void Finish(string name, Stopwatch clock, string how)
    {
        lock (_lock)
        {
            clock.Stop();
            Finished(name, clock.Elapsed, how);
        }
    }

    private static string Line(string name, TimeSpan elapsed) => $"{name,-44} {elapsed.TotalSeconds,7:0.0} s";
}
