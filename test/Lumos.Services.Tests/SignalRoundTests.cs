using Lumos.Services.Restarter;

namespace Lumos.Services.Tests;

public sealed class SignalRoundTests
{
    private readonly List<ContractProcess> _processes = [new(10, 1, 1), new(11, 1, 10)];
    private readonly List<int> _told = [];
    private readonly SignalRound _round = new(15);

    [Fact]
    public void Each_process_is_told_once()
    {
        Tell();
        Tell();
        Assert.Equal([10, 11], _told);
    }

    [Fact]
    public void A_process_forked_while_the_others_are_told_is_told_at_once()
    {
        _round.Tell(Look, pid =>
        {
            _told.Add(pid);
            if (pid < 15)
            {
                _processes.Add(new(pid + 5, 1, pid));
            }
        });
        Assert.Equal([10, 11, 15, 16], _told);
    }

    [Fact]
    public void Whoever_forks_without_end_does_not_hold_us()
    {
        int next = 100;
        _round.Tell(Look, pid =>
        {
            _told.Add(pid);
            _processes.Add(new(next++, 1, 10));
        });
        Assert.InRange(_told.Count, 10, 100);
    }

    [Fact]
    public void Who_joins_later_is_told_and_who_helps_another_to_end_is_not()
    {
        Tell();
        _processes.Add(new(20, 2, 1)); // from outside
        _processes.Add(new(21, 2, 11)); // a helper
        Tell();
        Assert.Equal([10, 11, 20], _told);
        _processes.RemoveAll(p => p.Pid == 11);
        _processes[^1] = new(21, 2, 1); // nobody waits for it any more
        Tell();
        Assert.Equal([10, 11, 20, 21], _told);
    }

    [Fact]
    public void A_number_used_again_is_another_process()
    {
        Tell();
        _processes[1] = new(11, 9, 1);
        Tell();
        Assert.Equal([10, 11, 11], _told);
    }

    private void Tell() => _round.Tell(Look, _told.Add);

    private IReadOnlyList<ContractProcess> Look() => [.. _processes];
}
