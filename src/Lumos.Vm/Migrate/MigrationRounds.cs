namespace Lumos.Vm.Migrate;

/// <summary>
/// When the rounds of a migration end, while the VM runs: when what is left to send takes about as long as the stop itself, or does not get
/// less (the VM writes as fast as the line carries), or there were enough. A function of the last two rounds.
/// </summary>
public static class MigrationRounds
{
    public const int Most = 10;

    /// <summary>Bytes that are little, on any line that machines are joined by.</summary>
    private const long Little = 8L << 20;

    /// <summary>A last delta that takes as long as this is not felt beside stop and boot.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3);

    /// <param name="round">From 1.</param>
    /// <param name="bytes">Of this round.</param>
    /// <param name="took">This round.</param>
    /// <param name="before">Bytes of the round before; null: this is the first.</param>
    public static bool IsLast(int round, long bytes, TimeSpan took, long? before) =>
        bytes <= Little || (before is not null && (took <= Short || bytes > before * 3 / 4)) || round >= Most;
}
