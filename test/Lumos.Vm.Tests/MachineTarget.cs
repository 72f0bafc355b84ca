using Lumos.Vm.Migrate;

namespace Lumos.Vm.Tests;

/// <summary>What becomes of a call to the other machine.</summary>
internal enum Fate
{
    Done,

    /// <summary>It says no, and does nothing.</summary>
    Refused,

    /// <summary>There is no contact; it was never asked.</summary>
    Lost,

    /// <summary>It does what it is told, and nobody hears of it.</summary>
    Unheard,

    /// <summary>The line breaks in the middle of what is sent.</summary>
    Cut,

    /// <summary>We are killed right before.</summary>
    KilledBefore,

    /// <summary>We are killed right after it did it.</summary>
    KilledAfter,
}

/// <summary>Stands for kill -9 of the one who moves a VM: nothing of ours catches it.</summary>
internal sealed class Killed : Exception;

/// <summary>Another machine of a test as the target of a migration; the n-th call may meet a fate.</summary>
internal sealed class MachineTarget(TestMachine machine) : IMigrationTarget
{
    public string Name => "root@b";

    public List<string> Calls { get; } = [];

    /// <summary>From 1; 0: none.</summary>
    public int FatefulCall { get; set; }

    public Fate Fate { get; set; }

    /// <summary>Once the line is down it stays so.</summary>
    public bool StaysDown { get; set; }

    public TargetResult Run(IReadOnlyList<string> words, Action<Stream>? feed = null)
    {
        Calls.Add(string.Join(' ', words));
        var fate = Calls.Count == FatefulCall || (StaysDown && FatefulCall > 0 && Calls.Count > FatefulCall) ? Fate : Fate.Done;
        using var sent = new MemoryStream();
        feed?.Invoke(sent);
        byte[] input = sent.ToArray();
        switch (fate)
        {
            case Fate.Refused:
                return new TargetResult(1, "", "it says no");
            case Fate.Lost:
                return new TargetResult(null, "", "no route to host");
            case Fate.KilledBefore:
                throw new Killed();
            case Fate.Cut when feed is not null:
                _ = TwoMachines.Run(machine, new MemoryStream(input[..(input.Length / 2)]), null, [.. words]);
                return new TargetResult(null, "", "connection reset");
        }
        var run = TwoMachines.Run(machine, feed is null ? null : new MemoryStream(input), null, [.. words]);
        return fate switch
        {
            Fate.KilledAfter => throw new Killed(),
            Fate.Unheard or Fate.Cut => new TargetResult(null, "", "connection reset"),
            _ => new TargetResult(run.Status, run.Out, run.Error.Trim()),
        };
    }
}
