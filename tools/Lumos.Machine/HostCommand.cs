using System.Text;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Machine;

/// <summary>How a bounded run of a program ended.</summary>
public sealed record CommandResult(IReadOnlyList<string> Argv, int Status, string Output, string ErrorOutput, bool TimedOut)
{
    /// <summary>Returns itself on status 0, else throws with what the program said.</summary>
    public CommandResult OrThrow()
    {
        if (Status == 0 && !TimedOut)
        {
            return this;
        }
        string words = string.Join(' ', Argv.TakeLast(Math.Min(Argv.Count, 6)));
        string how = TimedOut ? "did not end in time" : $"exited with status {Status}";
        string said = (ErrorOutput.Trim() + "\n" + Output.Trim()).Trim();
        throw new LumosException("CommandFailed", $"\"{words}\" {how}: {said}");
    }
}

/// <summary>Runs programs on this workstation with a limit on their time: a machine under test may stop answering at any moment.</summary>
public static class HostCommand
{
    private const int SIGKILL = 9;

    /// <summary>Runs to the end or to the limit, collecting both outputs.</summary>
    public static CommandResult Run(IReadOnlyList<string> argv, TimeSpan limit, string? input = null) => Run(argv, limit, input, file: null);

    /// <summary>The same with an open file as the program's input.</summary>
    public static CommandResult RunWithFile(IReadOnlyList<string> argv, FileStream input, TimeSpan limit)
    {
        using var fd = new FileDescriptor((int)input.SafeFileHandle.DangerousGetHandle(), owns: false);
        return Run(argv, limit, input: null, fd);
    }

    private static CommandResult Run(IReadOnlyList<string> argv, TimeSpan limit, string? input, FileDescriptor? file)
    {
        using var output = Pipe.Create();
        using var errors = Pipe.Create();
        using var feed = input is null ? null : Pipe.Create();
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = argv,
            Input = feed?.Read ?? file,
            Output = output.Write,
            ErrorOutput = errors.Write,
        });
        output.Write.Dispose();
        errors.Write.Dispose();
        feed?.Read.Dispose();

        bool timedOut = false;
        using var timer = new Timer(_ =>
        {
            timedOut = true;
            child.Signal(SIGKILL);
        }, null, limit, Timeout.InfiniteTimeSpan);
        var said = Task.Run(() => ReadAll(output));
        var complained = Task.Run(() => ReadAll(errors));
        if (feed is not null)
        {
            WriteAll(feed, input!);
        }
        int status = child.Wait();
        timer.Change(Timeout.Infinite, Timeout.Infinite);
        return new CommandResult(argv, status, said.Result, complained.Result, timedOut);
    }

    /// <summary>Runs with our own terminal (or pipes) as its streams and returns its exit status.</summary>
    public static int RunAttached(IReadOnlyList<string> argv)
    {
        using var child = ChildProcess.Start(new SpawnRequest { Argv = argv, InheritStreams = true });
        return child.Wait();
    }

    /// <summary>Starts a program that outlives us; both of its outputs go to the end of a log.</summary>
    public static int StartDetached(IReadOnlyList<string> argv, string log)
    {
        using var file = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        using var fd = new FileDescriptor((int)file.SafeFileHandle.DangerousGetHandle(), owns: false);
        using var child = ChildProcess.Start(new SpawnRequest { Argv = argv, Output = fd, ErrorOutput = fd, NewSession = true });
        return child.Pid;
    }

    private static string ReadAll(Pipe pipe)
    {
        using var reader = new StreamReader(pipe.OpenRead(), new UTF8Encoding(false));
        return reader.ReadToEnd();
    }

    private static void WriteAll(Pipe pipe, string text)
    {
        try
        {
            using var stream = pipe.OpenWrite();
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // The program closed its input early; its exit status tells whether that matters.
        }
    }
}
