using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Spawn;

namespace Lumos.Bench.Sandboxing;

/// <summary>
/// Where everything is measured: a mount, network, process, IPC and cgroup namespace of the bench's own. The peers' daemons,
/// bridges, packet filters, mounts, loop devices and control groups live and die with it: when its first process ends or is
/// killed, the kernel takes all of them away. Outside are left a folder and empty control groups, which
/// <see cref="Run"/> removes, whatever happened.
/// </summary>
/// <remarks>
/// The first process is bench-init, which reaps; below it runs the same program as outside with a hidden command
/// (see <see cref="Inside"/>). unshare gives the namespaces; it is killed when our process dies, and its child with it.
/// </remarks>
internal static class Sandbox
{
    private const int SIGKILL = 9;

    /// <param name="init">The compiled bench-init.</param>
    /// <param name="argv">What runs inside.</param>
    /// <param name="stop">Ends the run; everything inside is killed.</param>
    /// <returns>The exit status of what ran inside.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static int Run(string init, IReadOnlyList<string> argv, CancellationToken stop)
    {
        var hierarchies = ControlGroups.Hierarchies();
        ControlGroups.Remove(hierarchies);
        try
        {
            var groups = ControlGroups.Make(hierarchies);
            // The shell moves itself into the groups before it becomes unshare: our own process stays where it is.
            const string Enter = "n=$1; shift; while [ $n -gt 0 ]; do echo 0 >\"$1/cgroup.procs\" || exit 125; shift; n=$((n-1)); done; exec \"$@\"";
            using var child = ChildProcess.Start(new SpawnRequest
            {
                Argv =
                [
                    "sh", "-c", Enter, "sh", groups.Count.ToString(), .. groups,
                    "setpriv", "--pdeathsig", "KILL", "--",
                    "taskset", "-c", EarliestCpu.Find().ToString(), "unshare", "--mount", "--net", "--pid", "--ipc", "--cgroup", "--fork", "--kill-child", "--propagation", "private", "--",
                    "taskset", "-c", EarliestCpu.Allowed(), init, "supervise", .. argv,
                ],
                Environment = Tool.InCLocale(),
                InheritStreams = true,
            });
            while (!child.HasEnded(TimeSpan.FromMilliseconds(100)))
            {
                if (stop.IsCancellationRequested)
                {
                    child.Signal(SIGKILL);
                    child.Wait();
                    stop.ThrowIfCancellationRequested();
                }
            }
            int status = child.Wait();
            stop.ThrowIfCancellationRequested();
            return status;
        }
        finally
        {
            ControlGroups.Remove(hierarchies);
        }
    }

    /// <summary>How this very program is started again.</summary>
    public static IReadOnlyList<string> OwnProgram()
    {
        string program = Environment.ProcessPath ?? throw new LumosException("NoProgram", "the running program has no path");
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Environment.GetCommandLineArgs()[0]] : [program];
    }
}
