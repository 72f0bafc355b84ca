using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Drivers.Tools;

/// <summary>
/// A tool under way whose input or output is a stream of ours (zfs receive, xz -dc …). What it complains of is collected
/// meanwhile, the last 64 KiB of it. Disposing a tool that has not been finished kills it.
/// </summary>
public sealed class RunningTool : IDisposable
{
    private const int SIGKILL = 9, MaxComplaint = 64 * 1024;

    private readonly ChildProcess _child;
    private readonly Thread _readErrors;
    private readonly StringBuilder _complaint = new();
    private readonly IReadOnlyList<string> _argv;
    private ToolResult? _result;

    private RunningTool(IReadOnlyList<string> argv, ChildProcess child, Stream errors, Stream? input, Stream? output)
    {
        _argv = argv;
        _child = child;
        Input = input;
        Output = output;
        _readErrors = new Thread(() => Collect(errors)) { IsBackground = true };
        _readErrors.Start();
    }

    /// <summary>Where the tool reads from; null unless asked for.</summary>
    public Stream? Input { get; }

    /// <summary>What the tool prints; null unless asked for.</summary>
    public Stream? Output { get; }

    /// <summary>Starts a tool. An input that is neither piped nor given, and an output that is not piped, is /dev/null.</summary>
    /// <exception cref="Lumos.Linux.ErrnoException">It could not be started.</exception>
    /// <param name="extra">Other descriptors the tool gets, each under the number given.</param>
    public static RunningTool Start(
        IReadOnlyList<string> argv, bool pipeInput = false, bool pipeOutput = false, FileDescriptor? input = null,
        IReadOnlyDictionary<int, FileDescriptor>? extra = null)
    {
        using var errors = Pipe.Create();
        using var feed = pipeInput ? Pipe.Create() : null;
        using var output = pipeOutput ? Pipe.Create() : null;
        var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = argv,
            Environment = Tool.InCLocale(),
            Input = feed?.Read ?? input,
            Output = output?.Write,
            ErrorOutput = errors.Write,
            Extra = extra,
        });
        return new RunningTool(argv, child, errors.OpenRead(), feed?.OpenWrite(), output?.OpenRead());
    }

    /// <summary>Closes the input, waits for the end and says how it was. May be called again.</summary>
    public ToolResult Finish()
    {
        if (_result is null)
        {
            Input?.Dispose();
            int status = _child.Wait();
            _readErrors.Join();
            Output?.Dispose();
            _child.Dispose();
            _result = new ToolResult(_argv, status, "", _complaint.ToString());
        }
        return _result;
    }

    /// <summary>Ends it at once; not to be called beside or after <see cref="Finish"/>.</summary>
    public void Kill() => _child.Signal(SIGKILL);

    public void Dispose()
    {
        if (_result is null)
        {
            // Killed before its input ends, so that half an input is never taken for a whole one.
            _child.Signal(SIGKILL);
            Finish();
        }
    }

    private void Collect(Stream errors)
    {
        using var reader = new StreamReader(errors, new UTF8Encoding(false));
        var buffer = new char[4096];
        while (reader.Read(buffer) is var count and > 0)
        {
            _complaint.Append(buffer, 0, count);
            if (_complaint.Length > MaxComplaint)
            {
                _complaint.Remove(0, _complaint.Length - MaxComplaint);
            }
        }
    }
}
