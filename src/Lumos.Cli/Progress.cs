using System.Diagnostics;

namespace Lumos.Cli;

/// <summary>
/// Tells what is going on. On a terminal: one line that is rewritten, with the seconds passed; elsewhere: one plain line
/// for each stage, so that logs stay readable. Writes to standard error: data go to standard output.
/// </summary>
public sealed class Progress(TextWriter output, bool terminal, TimeProvider? time = null) : IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private string? _stage;
    private long _started;
    private long _drawn;
    private int _width;

    public static Progress For(AppletContext context) => new(context.Error, context.ErrorIsTerminal());

    /// <summary>A new stage begins; the one before is done.</summary>
    public void Stage(string text)
    {
        lock (_lock)
        {
            FinishStage();
            _stage = text;
            _started = _time.GetTimestamp();
            if (terminal)
            {
                Draw("");
            }
            else
            {
                output.WriteLine(text);
            }
        }
    }

    /// <summary>Detail of the running stage (terminal only), such as a count of bytes; drawn ten times a second at most.</summary>
    public void Detail(string text)
    {
        lock (_lock)
        {
            if (terminal && _stage is not null && _time.GetElapsedTime(_drawn) >= Between)
            {
                Draw(text);
            }
        }
    }

    /// <summary>Bytes done of a total (0: unknown): "12.5 MiB of 100 MiB".</summary>
    public void Bytes(long done, long total)
    {
        string text = new Core.ByteCount(done).ToString();
        Detail(total > 0 ? $"{text} of {new Core.ByteCount(total)} ({done * 100 / total} %)" : text);
    }

    /// <summary>A line of its own, which stays.</summary>
    public void Say(string text)
    {
        lock (_lock)
        {
            Clear();
            output.WriteLine(text);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            FinishStage();
        }
    }

    private void FinishStage()
    {
        if (_stage is not null && terminal)
        {
            Clear();
            output.WriteLine($"{_stage}  {Elapsed()}");
        }
        _stage = null;
    }

    private void Draw(string detail)
    {
        Clear();
        string line = $"{_stage}  {Elapsed()}{(detail.Length > 0 ? "  " + detail : "")}";
        output.Write(line);
        output.Flush();
        _width = line.Length;
        _drawn = _time.GetTimestamp();
    }

    private void Clear()
    {
        if (_width > 0)
        {
            output.Write("\r" + new string(' ', _width) + "\r");
            _width = 0;
        }
    }

    private string Elapsed()
    {
        var elapsed = _time.GetElapsedTime(_started);
        return elapsed.TotalMinutes >= 1 ? $"{(int)elapsed.TotalMinutes} min {elapsed.Seconds} s" : $"{elapsed.TotalSeconds:0.0} s";
    }
}
