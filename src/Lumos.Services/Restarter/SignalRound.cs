namespace Lumos.Services.Restarter;

/// <summary>A process of a contract, and the one that forked it or took it over.</summary>
public sealed record ContractProcess(int Pid, ulong StartTicks, int Parent);

/// <summary>
/// One signal for all processes of a contract, each of which gets it once. A list of processes is old when it has been read: one that
/// is forked just then, or joins the contract later, is not in it. So the first call looks until a look finds nobody new, and later calls tell
/// those who have come since. What a process that was told forks afterwards is part of how it ends (a shell's trap, a daemon that saves its
/// work), and is left alone for as long as its parent lives.
/// </summary>
public sealed class SignalRound(int signal)
{
    /// <summary>Looks in the first call. Who forks faster than this is met by a later call, and at the end by KILL.</summary>
    private const int Looks = 10;

    private readonly HashSet<(int Pid, ulong StartTicks)> _told = [];
    private bool _again;

    public int Signal => signal;

    /// <summary>Tells those who are new among the processes, which are looked up anew until nobody is.</summary>
    public void Tell(Func<IReadOnlyList<ContractProcess>> look, Action<int> send)
    {
        for (int i = 0; i < Looks; i++)
        {
            var all = look();
            var there = all.Select(p => p.Pid).ToHashSet();
            bool anew = false;
            foreach (var process in all.Where(p => !_again || !there.Contains(p.Parent)))
            {
                anew |= Tell(process.Pid, process.StartTicks, send);
            }
            if (!anew)
            {
                break;
            }
        }
        _again = true;
    }

    /// <summary>Tells one process, unless it was told; false: it was.</summary>
    public bool Tell(int pid, ulong startTicks, Action<int> send)
    {
        if (!_told.Add((pid, startTicks)))
        {
            return false;
        }
        send(pid);
        return true;
    }
}
