using Lumos.Core;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Tests;

internal sealed class FakeClock : IClock
{
    public DateTimeOffset Now { get; private set; } = new(2026, 11, 20, 10, 0, 0, TimeSpan.Zero);

    public TimeSpan Monotonic { get; private set; } = TimeSpan.FromHours(1);

    public void Advance(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        Monotonic += TimeSpan.FromSeconds(seconds);
    }
}

internal sealed class FakeLog : IServiceLog
{
    public List<string> Lines { get; } = [];

    public List<string> Alerts { get; } = [];

    public void Append(Fmri fmri, string line) => Lines.Add($"{fmri.Service}: {line}");

    public void Alert(string line) => Alerts.Add(line);
}

/// <summary>Processes that exist only as numbers in contracts; the test says when they end.</summary>
internal sealed class FakeProcesses : IMethodLauncher, IContracts
{
    private int _next = 100;

    public Dictionary<Fmri, HashSet<int>> Contracts { get; } = [];

    public Dictionary<Fmri, int> Watched { get; } = [];

    public List<string> Started { get; } = [];

    public List<string> Signals { get; } = [];

    /// <summary>Contracts whose processes have ended since they were last asked for.</summary>
    public Queue<Fmri> Emptied { get; } = [];

    public bool ObeySignals { get; set; } = true;

    /// <summary>What is launched joins its contract only when the test says so.</summary>
    public bool LaunchedLate { get; set; }

    /// <summary>Watched processes that a signal ended since they were last asked for, with their status.</summary>
    public Queue<(Fmri Fmri, int Pid, int Status)> Ended { get; } = [];

    public WatchedProcess Launch(MethodLaunch launch)
    {
        Started.Add($"{launch.Fmri.Service} {launch.Kind}: {launch.Command}");
        int pid = LaunchedLate ? ++_next : Add(launch.Fmri);
        Watched[launch.Fmri] = pid;
        return new WatchedProcess(pid, 1);
    }

    public bool Adopt(Fmri fmri, WatchedProcess process)
    {
        if (!Contracts.TryGetValue(fmri, out var set) || !set.Contains(process.Pid))
        {
            return false;
        }
        Watched[fmri] = process.Pid;
        return true;
    }

    public void Forget(Fmri fmri) => Watched.Remove(fmri);

    public int Add(Fmri fmri)
    {
        if (!Contracts.TryGetValue(fmri, out var set))
        {
            Contracts[fmri] = set = [];
        }
        set.Add(++_next);
        return _next;
    }

    public void End(Fmri fmri, int pid)
    {
        if (Contracts[fmri].Remove(pid) && Contracts[fmri].Count == 0)
        {
            Emptied.Enqueue(fmri);
        }
    }

    public bool IsEmpty(Fmri fmri) => !Contracts.TryGetValue(fmri, out var set) || set.Count == 0;

    public long? Id(Fmri fmri) => IsEmpty(fmri) ? null : 1;

    public IReadOnlyList<int> Processes(Fmri fmri) => Contracts.TryGetValue(fmri, out var set) ? [.. set] : [];

    /// <summary>All processes are each other's sisters.</summary>
    public void Signal(Fmri fmri, SignalRound round)
    {
        var told = new List<int>();
        round.Tell(() => [.. Processes(fmri).Order().Select(pid => new ContractProcess(pid, 1, 1))], told.Add);
        if (told.Count == 0)
        {
            return;
        }
        Signals.Add($"{fmri.Service} {round.Signal}");
        if (ObeySignals)
        {
            foreach (int pid in told)
            {
                EndWatched(fmri, pid, 128 + round.Signal);
                End(fmri, pid);
            }
        }
    }

    public void Signal(Fmri fmri, int signal)
    {
        if (!Watched.TryGetValue(fmri, out int pid) || Processes(fmri).Contains(pid))
        {
            return; // what happens to those in the contract is the contract's to tell
        }
        Signals.Add($"{fmri.Service} launched {signal}");
        if (ObeySignals || signal == 9)
        {
            EndWatched(fmri, pid, 128 + signal);
        }
    }

    /// <summary>The launched process has come so far.</summary>
    public void Join(Fmri fmri)
    {
        if (!Contracts.TryGetValue(fmri, out var set))
        {
            Contracts[fmri] = set = [];
        }
        set.Add(Watched[fmri]);
    }

    public void Kill(Fmri fmri)
    {
        Signals.Add($"{fmri.Service} kill");
        Empty(fmri);
    }

    public void Remove(Fmri fmri) => Contracts.Remove(fmri);

    private void Empty(Fmri fmri)
    {
        foreach (int pid in Processes(fmri))
        {
            EndWatched(fmri, pid, 128 + 9);
            End(fmri, pid);
        }
    }

    private void EndWatched(Fmri fmri, int pid, int status)
    {
        if (Watched.GetValueOrDefault(fmri) == pid)
        {
            Watched.Remove(fmri);
            Ended.Enqueue((fmri, pid, status));
        }
    }
}
