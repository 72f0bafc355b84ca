using System.Globalization;
using System.Text;
using System.Text.Json;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Drivers.Oci;

/// <summary>A container's standard input.</summary>
public enum ConmonInput
{
    /// <summary>It is at its end from the beginning.</summary>
    None,

    /// <summary>It ends with that of the first who is attached, or when he leaves; not for a terminal, which would go with it.</summary>
    First,

    /// <summary>It stays open, whoever is attached or not.</summary>
    Kept,
}

/// <summary>What a monitor is to watch over.</summary>
public sealed record ConmonRequest
{
    /// <summary>The container's id; also the name of its exit file.</summary>
    public required string Container { get; init; }

    /// <summary>The bundle; the attach socket and the control fifo appear in it.</summary>
    public required string Bundle { get; init; }

    public required OciRuntime Runtime { get; init; }

    /// <summary>Gets a file named as the container, with its exit status in decimal, once it has ended.</summary>
    public required string ExitFolder { get; init; }

    /// <summary>Null: what is printed is not kept.</summary>
    public required string? LogFile { get; init; }

    /// <summary>The container has a terminal; else pipes.</summary>
    public bool Terminal { get; init; } = true;

    public ConmonInput Input { get; init; } = ConmonInput.Kept;

    /// <summary>The log is begun anew at this size.</summary>
    public required long LogBytes { get; init; }

    /// <summary>cgroup.procs of the group the monitor is to live in; null: ours.</summary>
    public string? CgroupProcs { get; init; }

    /// <summary>Open files that the container's first program gets, under the numbers from 3 on.</summary>
    public IReadOnlyList<FileDescriptor> Descriptors { get; init; } = [];

    public string Program { get; init; } = "/usr/bin/conmon";
}

/// <summary>
/// conmon: a small process that holds a container's terminal, writes what appears there to a log, lets consoles attach, and
/// leaves the exit status in a file. It outlives us, which is why no daemon of ours has to live for a container to live.
/// It reports through a pipe whose number is in _OCI_SYNCPIPE: one line, {"pid": N}, or a negative number and a message; it
/// begins only once _OCI_STARTPIPE has been written, so that it can be put into its cgroup before it makes children.
/// Open files for the container go the way of socket activation (LISTEN_FDS), which monitor and runtimes hand on.
/// </summary>
public static class Conmon
{
    /// <summary>The first number that a passed descriptor has.</summary>
    public const int FirstDescriptor = 3;

    /// <summary>The code of the failure when there is no container.</summary>
    public const string NotCreated = "ContainerNotCreated";

    public const string AttachSocket = "attach";
    public const string ControlFifo = "ctl";
    public const string PidFile = "conmon.pid";
    public const string ContainerPidFile = "init.pid";

    /// <summary>The runtime's own log: what it says when it fails before there is a console is nowhere else.</summary>
    public const string RuntimeLog = "runtime.log";

    /// <summary>Creates the container (its first program not yet started) under a new monitor; returns the first program's pid.</summary>
    /// <exception cref="LumosException">ContainerNotCreated: with the runtime's own words.</exception>
    public static int Create(ConmonRequest request)
    {
        using var report = Pipe.Create();
        using var go = Pipe.Create();
        int count = request.Descriptors.Count, reportNumber = FirstDescriptor + count, goNumber = reportNumber + 1;
        // Copies beyond all numbers that the child's are to have: putting one in its place closes none that is still to be put.
        var passed = new List<FileDescriptor>();
        using var copies = new UndoStack();
        foreach (var descriptor in request.Descriptors.Append(report.Write).Append(go.Read))
        {
            var copy = descriptor.Duplicate(least: goNumber + 1);
            passed.Add(copy);
            copies.Push("close", copy.Dispose);
        }
        var environment = Tool.InCLocale();
        environment["_OCI_SYNCPIPE"] = reportNumber.ToString(CultureInfo.InvariantCulture);
        environment["_OCI_STARTPIPE"] = goNumber.ToString(CultureInfo.InvariantCulture);
        environment["TMPDIR"] = request.Bundle; // its console socket, and the runtime's temporary files
        if (count > 0)
        {
            environment["LISTEN_FDS"] = count.ToString(CultureInfo.InvariantCulture);
            environment["LISTEN_PID"] = "1"; // any: the monitor puts the runtime's in its place
        }
        using (var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = Words(request),
            Environment = environment,
            WorkingDirectory = request.Bundle,
            Extra = passed.Select((descriptor, n) => (descriptor, n)).ToDictionary(pair => FirstDescriptor + pair.n, pair => pair.descriptor),
            NewSession = true,
        }))
        {
            copies.Dispose();
            report.Write.Dispose();
            go.Read.Dispose();
            if (request.CgroupProcs is { } procs)
            {
                File.WriteAllText(procs, child.Pid.ToString(CultureInfo.InvariantCulture));
            }
            go.Write.WriteAll("go"u8);
            go.Write.Dispose();
            int status = child.Wait(); // it forks the monitor proper and leaves
            if (status != 0)
            {
                throw new LumosException(NotCreated, $"conmon for {request.Container} exited with status {status}");
            }
        }
        string line = ReadLine(report.Read);
        var (pid, message) = ParseReport(line);
        return pid > 0
            ? pid
            : throw new LumosException(NotCreated,
                $"the runtime could not create {request.Container}: {(message.Length > 0 ? message : RuntimeWords(request.Bundle))}");
    }

    /// <summary>The command line.</summary>
    public static IReadOnlyList<string> Words(ConmonRequest request) =>
    [
        request.Program,
        "--cid", request.Container,
        "--cuuid", request.Container,
        "--name", request.Container,
        "--runtime", request.Runtime.Program,
        .. request.Runtime.Words().Skip(1).Select(word => "--runtime-arg=" + word),
        "--runtime-arg=--log=" + Path.Combine(request.Bundle, RuntimeLog),
        "--bundle", request.Bundle,
        "--full-attach",
        .. request.Terminal ? ["--terminal"] : Array.Empty<string>(),
        .. request.Input switch
        {
            ConmonInput.None => Array.Empty<string>(),
            ConmonInput.First => ["--stdin"],
            _ => ["--stdin", "--leave-stdin-open"],
        },
        "--no-new-keyring",
        .. request.Descriptors.Count > 0 ? ["--replace-listen-pid"] : Array.Empty<string>(),
        "--exit-dir", request.ExitFolder,
        "--container-pidfile", Path.Combine(request.Bundle, ContainerPidFile),
        "--conmon-pidfile", Path.Combine(request.Bundle, PidFile),
        .. request.LogFile is { } log
            ? ["--log-path", "k8s-file:" + log, "--log-size-max", request.LogBytes.ToString(CultureInfo.InvariantCulture)]
            : (string[])["--log-path", "none"],
        "--log-level", "error",
    ];

    /// <summary>Tells the monitor the size of the window that looks at the console.</summary>
    public static void Resize(string bundle, int rows, int columns)
    {
        // The fifo always has a reader while the monitor lives; without one, O_NONBLOCK turns a hang into ENXIO.
        try
        {
            using var fifo = FileDescriptorIo.Open(Path.Combine(bundle, ControlFifo), OpenFlags.WriteOnly | OpenFlags.NonBlocking);
            fifo.WriteAll(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"1 {rows} {columns}\n")));
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENXIO or Errno.ENOENT)
        {
            // The zone is going down; there is no window left to size.
        }
    }

    internal static (int Pid, string Message) ParseReport(string line)
    {
        if (line.Length == 0)
        {
            return (-1, "");
        }
        try
        {
            using var json = JsonDocument.Parse(line);
            int pid = json.RootElement.TryGetProperty("pid", out var number) ? number.GetInt32() : -1;
            string message = json.RootElement.TryGetProperty("message", out var text) ? text.GetString() ?? "" : "";
            return (pid, message.Trim());
        }
        catch (JsonException)
        {
            return (-1, line.Trim());
        }
    }

    private static string RuntimeWords(string bundle)
    {
        string log = Path.Combine(bundle, RuntimeLog);
        string words = File.Exists(log) ? string.Join("; ", File.ReadLines(log).TakeLast(3).Select(line => line.Trim())) : "";
        return words.Length > 0 ? words : "conmon ended without a word";
    }

    private static string ReadLine(FileDescriptor fd)
    {
        var all = new List<byte>();
        byte[] one = new byte[4096];
        int got;
        while (!all.Contains((byte)'\n') && (got = fd.Read(one)) > 0)
        {
            all.AddRange(one.AsSpan(0, got));
        }
        return Encoding.UTF8.GetString([.. all]).Trim();
    }
}
