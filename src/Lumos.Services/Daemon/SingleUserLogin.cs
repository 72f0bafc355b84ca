using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Services.Contracts;

namespace Lumos.Services.Daemon;

/// <summary>
/// The login for maintenance when the machine was booted to milestone none or single-user, where no console login runs: sulogin(8)
/// on the console, after whose end the boot goes on, as on SmartOS.
/// </summary>
internal sealed class SingleUserLogin(EventLoop loop, string console, CgroupContracts? cgroups) : IDisposable
{
    private ChildProcess? _child;

    internal void Start(Action ended)
    {
        try
        {
            using var terminal = FileDescriptorIo.Open(console, OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
            _child = ChildProcess.Start(new SpawnRequest
            {
                Argv = ["/sbin/sulogin"],
                Input = terminal,
                Output = terminal,
                ErrorOutput = terminal,
                NewSession = true,
                ControllingTerminal = true,
                Cgroup = cgroups?.Prepare(new Fmri("system/svc/sulogin", "default")),
            });
        }
        catch (ErrnoException)
        {
            ended(); // no console, or no sulogin: better a machine that is up than one that nobody can reach
            return;
        }
        var child = _child;
        loop.Add(child.PidFd, PollEvents.Readable, OnEnded);

        void OnEnded(PollEvents events)
        {
            loop.Remove(child.PidFd);
            child.Wait();
            child.Dispose();
            _child = null;
            ended();
        }
    }

    internal void Stop() => _child?.Signal(Signal.KILL);

    public void Dispose() => _child?.Dispose();
}
