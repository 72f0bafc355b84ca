using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.LiveImage;

/// <summary>
/// Runs the tools of a build with everything they print going to one file, so that the terminal shows progress only and
/// nothing is lost. A tool that fails is told by its last lines.
/// </summary>
public sealed class BuildLog
{
    private const int LinesOfFailure = 15;
    private readonly string _path;

    public BuildLog(string path)
    {
        _path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
    }

    /// <summary>Writes one line of our own.</summary>
    public void Write(string line) => File.AppendAllText(_path, line + "\n");

    /// <summary>Runs a tool to its end; a status other than 0 throws with the last lines it printed.</summary>
    public void Run(IReadOnlyList<string> argv, IReadOnlyDictionary<string, string>? extraEnvironment = null, string? workingDirectory = null)
    {
        Write("+ " + string.Join(' ', argv));
        long start = new FileInfo(_path).Length;
        int status;
        using (var output = FileDescriptorIo.Open(_path, OpenFlags.WriteOnly | OpenFlags.Append))
        using (var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = argv,
            Environment = EnvironmentWith(extraEnvironment),
            Output = output,
            ErrorOutput = output,
            WorkingDirectory = workingDirectory,
        }))
        {
            status = child.Wait();
        }
        if (status != 0)
        {
            throw new LumosException("BuildToolFailed",
                $"\"{argv[0]}\" exited with status {status}; the log {_path} ends with:\n{LastLines(start)}");
        }
    }

    /// <summary>Runs a tool and returns what it printed on standard output.</summary>
    public string Capture(params string[] argv)
    {
        Write("+ " + string.Join(' ', argv));
        var result = Tool.Run(argv, input: null, EnvironmentWith(null));
        if (result.ErrorOutput.Length > 0)
        {
            Write(result.ErrorOutput.TrimEnd());
        }
        return result.OrThrow().Output;
    }

    /// <summary>Runs a tool that answers by its exit status: true for 0.</summary>
    public bool Succeeds(params string[] argv)
    {
        Write("+ " + string.Join(' ', argv));
        return Tool.Run(argv, input: null, EnvironmentWith(null)).Succeeded;
    }

    /// <summary>The C locale, UTC, and a PATH that holds the administrator's tools even for a plain user.</summary>
    private static Dictionary<string, string> EnvironmentWith(IReadOnlyDictionary<string, string>? extra)
    {
        var environment = Tool.InCLocale();
        environment["TZ"] = "UTC";
        environment["PATH"] = environment.GetValueOrDefault("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin";
        foreach (var (name, value) in extra ?? new Dictionary<string, string>())
        {
            environment[name] = value;
        }
        return environment;
    }

    private string LastLines(long from)
    {
        using var stream = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = Math.Min(from, stream.Length);
        var last = new Queue<string>();
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (last.Count == LinesOfFailure)
            {
                last.Dequeue();
            }
            last.Enqueue("  " + line);
        }
        return string.Join('\n', last);
    }
}
