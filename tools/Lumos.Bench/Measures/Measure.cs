namespace Lumos.Bench.Measures;

/// <summary>One thing that is measured.</summary>
/// <param name="Title">For people; {N} is the number of zones in a fleet, {V} and {S} the VMs and snapshots of a crowd.</param>
/// <param name="Target">What LumOS wants to be, as a share of Incus in the same run.</param>
internal sealed record Measure(string Name, string Title, string Unit, double? Target = null)
{
    /// <summary>More is better (throughput), less otherwise.</summary>
    public bool HigherIsBetter => Unit.EndsWith("/s", StringComparison.Ordinal);

    public string TitleFor(Sizes sizes) => Title
        .Replace("{N}", sizes.Fleet.ToString("N0")).Replace("{L}", (sizes.Fleet + Sizes.BesidesFleet).ToString("N0"))
        .Replace("{V}", sizes.Crowd.ToString("N0")).Replace("{S}", sizes.CrowdSnapshots.ToString("N0"));
}

/// <summary>How much of everything a run does.</summary>
/// <param name="WarmUps">Rounds that are not counted.</param>
/// <param name="Rounds">Rounds of what is done to one zone.</param>
/// <param name="Fleet">Zones made in turn and at once.</param>
/// <param name="Crowd">VMs that are configured and do not run.</param>
internal sealed record Sizes(int WarmUps, int Rounds, int Fleet, int FleetRounds, int Crowd, int CrowdSnapshots)
{
    /// <summary>Zones that exist beside the fleet when it is listed.</summary>
    public const int BesidesFleet = 4;

    public static readonly Sizes Whole = new(2, 15, 40, 3, 1000, 10_000);
    public static readonly Sizes Quick = new(1, 5, 5, 1, 100, 1000);
}
