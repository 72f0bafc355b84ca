using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Spawn;
using Lumos.Services.Methods;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>
/// Starts methods (as <c>/bin/sh -c "exec COMMAND"</c>, like SMF, in a session and a cgroup of their own) and tells their ends.
/// A child that nobody asks about any more is still reaped. What an earlier svc.startd started is not our child: its end is
/// seen by a pidfd, its exit status is not, and counts as 0.
/// </summary>
public sealed class MethodProcesses(
    EventLoop loop, ServiceLogFiles logs, AccountFiles accounts, Func<Fmri, string?> cgroupOf, string zoneName) : IMethodLauncher
{
    private readonly Dictionary<Fmri, (int Pid, Action<int> Signal)> _watched = [];

    /// <summary>fmri, pid, exit status or 128 + signal.</summary>
    public event Action<Fmri, int, int>? Ended;

    public WatchedProcess Launch(MethodLaunch launch)
    {
        var context = launch.Context;
        bool asOther = context.User is not null || context.Group is not null;
        var account = asOther ? accounts.Find(context.User, context.Group) : null;
        using var output = logs.Open(launch.Fmri);
        try
        {
            var child = ChildProcess.Start(new SpawnRequest
            {
                Argv = ["/bin/sh", "-c", $"exec {launch.Command}"],
                Environment = EnvironmentOf(launch, account),
                WorkingDirectory = context.WorkingDirectory ?? (account is not null && Directory.Exists(account.Home) ? account.Home : "/"),
                Output = output,
                ErrorOutput = output,
                NewSession = true,
                Cgroup = cgroupOf(launch.Fmri),
                User = account?.User,
                Group = account?.Group,
                Groups = account?.Groups,
            });
            ulong ticks = ProcFiles.StartTicks(child.Pid) ?? 0;
            _watched[launch.Fmri] = (child.Pid, child.Signal);
            loop.Add(child.PidFd, PollEvents.Readable, _ =>
            {
                loop.Remove(child.PidFd);
                int status = child.Wait();
                child.Dispose();
                Report(launch.Fmri, child.Pid, status);
            });
            return new WatchedProcess(child.Pid, ticks);
        }
        catch (Exception e) when (e is ErrnoException or IOException or UnauthorizedAccessException)
        {
            throw new LumosException("MethodNotStarted", $"the method \"{launch.Command}\" could not be started", inner: e);
        }
    }

    public bool Adopt(Fmri fmri, WatchedProcess process)
    {
        // Open first, then compare: from here on the number cannot come to mean another process.
        if (ProcessHandle.TryOpen(process.Pid) is not { } handle)
        {
            return false;
        }
        if (ProcFiles.StartTicks(process.Pid) != process.StartTicks)
        {
            handle.Dispose();
            return false;
        }
        _watched[fmri] = (process.Pid, signal => handle.Signal(signal));
        loop.Add(handle.Descriptor, PollEvents.Readable, _ =>
        {
            loop.Remove(handle.Descriptor);
            handle.Dispose();
            Report(fmri, process.Pid, 0);
        });
        return true;
    }

    public void Signal(Fmri fmri, int signal)
    {
        if (_watched.TryGetValue(fmri, out var watched))
        {
            watched.Signal(signal);
        }
    }

    public void Forget(Fmri fmri) => _watched.Remove(fmri);

    private void Report(Fmri fmri, int pid, int status)
    {
        if (_watched.TryGetValue(fmri, out var watched) && watched.Pid == pid)
        {
            _watched.Remove(fmri);
            Ended?.Invoke(fmri, pid, status);
        }
    }

    private Dictionary<string, string> EnvironmentOf(MethodLaunch launch, Account? account)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
            ["SMF_FMRI"] = launch.Fmri.ToString(),
            ["SMF_METHOD"] = launch.Kind.ToString().ToLowerInvariant(),
            ["SMF_RESTARTER"] = "svc:/system/svc/restarter:default",
            ["SMF_ZONENAME"] = zoneName,
        };
        if (account is not null)
        {
            environment["HOME"] = account.Home;
            environment["USER"] = environment["LOGNAME"] = account.Name;
        }
        foreach (var (name, value) in launch.Context.Environment)
        {
            environment[name] = value;
        }
        return environment;
    }
}
