using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;
using Lumos.Linux.Terminals;

namespace Lumos.Drivers.Oci;

/// <summary>
/// The program that makes containers out of bundles. crun on a machine whose cgroups are all version 2, as the platform's
/// are; runc on a workstation with version 1 or both, which crun refuses. Beyond the command lines they share, they differ
/// in what is said here.
/// </summary>
public sealed record OciRuntime
{
    /// <summary>The program's whole path (conmon insists on one).</summary>
    public required string Program { get; init; }

    /// <summary>Where the runtime keeps its own records (<c>--root</c>).</summary>
    public required string StateRoot { get; init; }

    /// <summary>Words every call carries after the program.</summary>
    public IReadOnlyList<string> GlobalWords { get; init; } = [];

    /// <summary>Limits may be given as cgroup2 files; if not, in the older terms that both versions understand.</summary>
    public bool UnifiedCgroups { get; init; }

    /// <summary>It sets resource limits while it still may raise them; the other does so inside the user namespace.</summary>
    public bool RaisesRlimits { get; init; }

    public static OciRuntime Crun { get; } = new()
    {
        Program = "/usr/bin/crun",
        StateRoot = "/run/crun",
        GlobalWords = ["--cgroup-manager=cgroupfs"],
        UnifiedCgroups = true,
        RaisesRlimits = true,
    };

    public static OciRuntime Runc { get; } = new() { Program = "/usr/sbin/runc", StateRoot = "/run/runc" };

    /// <summary>The one that works on this machine.</summary>
    /// <exception cref="LumosException">NoOciRuntime</exception>
    public static OciRuntime Find()
    {
        bool unified = File.Exists("/sys/fs/cgroup/cgroup.controllers");
        if (unified && File.Exists(Crun.Program))
        {
            return Crun;
        }
        if (File.Exists(Runc.Program))
        {
            return Runc with { UnifiedCgroups = unified };
        }
        throw new LumosException("NoOciRuntime", unified
            ? "neither crun nor runc is installed"
            : "this machine has cgroups of version 1, which only runc can use, and runc is not installed");
    }

    /// <summary>The words that begin each call: program, records, options.</summary>
    public IReadOnlyList<string> Words(params string[] words) => [Program, "--root", StateRoot, .. GlobalWords, .. words];

    /// <summary>Starts the first program of a container that was created.</summary>
    public void Start(string container) => Tool.Run(Words("start", container), input: null).OrThrow();

    /// <summary>Ends and forgets a container, whatever its state; one that is not there is no error.</summary>
    public void Delete(string container) => Tool.Run(Words("delete", "--force", container), input: null).OrThrow();

    /// <summary>
    /// Runs a program, described by a file in the form of config.json's "process", in a running container with our own
    /// streams, and returns its exit status.
    /// </summary>
    /// <param name="cgroups">Groups of the container's that the runtime does not know of; the program is started in them.</param>
    public int Exec(string container, string processFile, IReadOnlyList<string> cgroups)
    {
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = Words("exec", "--process", processFile, container),
            InheritStreams = true,
            OtherCgroups = cgroups,
        });
        int status = child.Wait();
        // crun leaves a terminal non-blocking, and whoever shares it with us (the shell that called) reads on from it.
        foreach (var stream in new[] { Terminal.StandardInput, Terminal.StandardOutput, Terminal.StandardError })
        {
            if (Terminal.IsTerminal(stream))
            {
                stream.SetBlocking();
            }
        }
        return status;
    }

    /// <summary>Runs a program in a running container with its streams at /dev/null.</summary>
    /// <exception cref="LumosException">ExecFailed: it could not be started, or failed.</exception>
    public void ExecQuietly(string container, string processFile, IReadOnlyList<string> cgroups)
    {
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = Words("exec", "--process", processFile, container),
            OtherCgroups = cgroups,
        });
        int status = child.Wait();
        if (status != 0)
        {
            throw new LumosException("ExecFailed", $"{Program} could not run a program in {container}: it exited with status {status}");
        }
    }
}
