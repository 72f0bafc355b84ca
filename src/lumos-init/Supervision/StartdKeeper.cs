using System.Diagnostics;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Init.Supervision;

/// <summary>
/// Keeps svc.startd running: starts it again when it ends, at once the first time, then after 1, 2, 4 … 30 seconds; a run
/// of a minute counts as health. <see cref="Stop"/> asks it to stop the services and bounds the waiting.
/// </summary>
internal sealed class StartdKeeper : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30), Healthy = TimeSpan.FromMinutes(1),
        StopLimit = TimeSpan.FromMinutes(5);

    private readonly InitMode _mode;
    private readonly TimerFd _timer = TimerFd.Create();
    private ChildProcess? _child;
    private long _started;
    private TimeSpan _pause;
    private bool _stopping;

    internal StartdKeeper(EventLoop loop, InitMode mode)
    {
        _mode = mode;
        loop.Add(_timer.Descriptor, PollEvents.Readable, _ => OnTimer());
    }

    /// <summary>After <see cref="Stop"/>: svc.startd has ended, or was given up.</summary>
    internal bool HasStopped { get; private set; }

    internal void Start()
    {
        try
        {
            _child = ChildProcess.Start(Request());
            _started = Stopwatch.GetTimestamp();
        }
        catch (Exception e)
        {
            Say.Line($"lumos-init: {e.Message}");
            Pause();
        }
    }

    /// <summary>Asks svc.startd to stop everything and end.</summary>
    internal void Stop()
    {
        _stopping = true;
        if (_child is null)
        {
            HasStopped = true;
            return;
        }
        _child.Signal(Signal.TERM);
        _timer.SetOnce(StopLimit);
    }

    /// <summary>Waits no longer for the services.</summary>
    internal void GiveUpWaiting()
    {
        if (_stopping && !HasStopped)
        {
            Say.Line("lumos-init: not waiting any longer for the services");
            HasStopped = true;
        }
    }

    /// <summary>Takes the end of a child; false when it is not svc.startd.</summary>
    internal bool TakeEnd(int pid)
    {
        if (_child is null || pid != _child.Pid)
        {
            return false;
        }
        int status = _child.Wait();
        _child.Dispose();
        _child = null;
        if (_stopping)
        {
            HasStopped = true;
            return true;
        }
        if (Stopwatch.GetElapsedTime(_started) >= Healthy)
        {
            _pause = TimeSpan.Zero;
        }
        string how = status > 128 ? $"was killed by signal {status - 128}" : $"ended with status {status}";
        Say.Line($"lumos-init: svc.startd {how}; starting it again{(_pause > TimeSpan.Zero ? $" in {_pause.TotalSeconds:0} s" : "")}");
        Pause();
        return true;
    }

    public void Dispose() => _timer.Dispose();

    private void Pause()
    {
        _timer.SetOnce(_pause);
        _pause = _pause == TimeSpan.Zero ? TimeSpan.FromSeconds(1) : _pause * 2 > LongestPause ? LongestPause : _pause * 2;
    }

    private void OnTimer()
    {
        if (_timer.Consume() == 0)
        {
            return;
        }
        if (_stopping)
        {
            GiveUpWaiting();
        }
        else if (_child is null)
        {
            Start();
        }
    }

    private SpawnRequest Request()
    {
        string cgroup = Cgroup.Root + "/startd";
        return new SpawnRequest
        {
            Argv = _mode switch
            {
                InitMode.Zone => [InitCommand.MultiCall, "svc.startd", "--zone"],
                // The host's console is not ours: what an administrator has to see goes to the supervisor's log.
                InitMode.Hosted => [InitCommand.MultiCall, "svc.startd", "--console", "/dev/stderr"],
                _ => [InitCommand.MultiCall, "svc.startd"],
            },
            Environment = _mode == InitMode.Zone ? BootEnvironment.CreateInZone() : BootEnvironment.Create(),
            WorkingDirectory = "/",
            Output = new FileDescriptor(1, owns: false),
            ErrorOutput = new FileDescriptor(2, owns: false),
            NewSession = true,
            Cgroup = Directory.Exists(cgroup) ? cgroup : null,
        };
    }
}
