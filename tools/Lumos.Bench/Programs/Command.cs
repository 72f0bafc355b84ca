using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Bench.Programs;

/// <summary>
/// Runs the programs that are measured. Their outputs go to files, not pipes: a daemon that a program leaves behind keeps
/// its parent's streams, and a pipe would only end with that daemon. Everything is told in the message of a failure.
/// </summary>
/// <param name="folder">Where outputs are kept while a program runs.</param>
internal sealed class Commands(string folder)
{
    private const int SIGKILL = 9;
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);
    private int _count;

    /// <summary>Variables added to our own environment.</summary>
    public Dictionary<string, string> Environment { get; } = Tool.InCLocale();

    /// <summary>Runs to the end.</summary>
    /// <returns>Standard output.</returns>
    /// <exception cref="LumosException">A status other than 0, or no end in two minutes.</exception>
    public string Run(params IReadOnlyList<string> argv)
    {
        string output = Path.Combine(folder, $"{Interlocked.Increment(ref _count)}.out");
        string errors = output + ".err";
        try
        {
            using var child = Start(argv, output, errors);
            if (!child.HasEnded(_limit))
            {
                child.Signal(SIGKILL);
                child.Wait();
                throw new LumosException("TooSlow", $"\"{string.Join(' ', argv)}\" did not end in {_limit.TotalMinutes:0} minutes");
            }
            int status = child.Wait();
            string said = File.ReadAllText(output);
            return status == 0 ? said : throw new ToolException(new ToolResult(argv, status, said, File.ReadAllText(errors)));
        }
        finally
        {
            File.Delete(output);
            File.Delete(errors);
        }
    }

    /// <summary>Starts a program that runs until it is stopped; both outputs go to a log.</summary>
    public ChildProcess StartDaemon(string log, params IReadOnlyList<string> argv) => Start(argv, log, log);

    private ChildProcess Start(IReadOnlyList<string> argv, string output, string errors)
    {
        using var outFile = new FileStream(output, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        using var errFile = new FileStream(errors, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        using var outFd = new FileDescriptor((int)outFile.SafeFileHandle.DangerousGetHandle(), owns: false);
        using var errFd = new FileDescriptor((int)errFile.SafeFileHandle.DangerousGetHandle(), owns: false);
        return ChildProcess.Start(new SpawnRequest { Argv = argv, Environment = Environment, Output = outFd, ErrorOutput = errFd });
    }
}
