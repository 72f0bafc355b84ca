namespace Lumos.Bench.Measures;

/// <summary>The command alone: what every other measure of it includes.</summary>
internal sealed class CliScenario : IScenario
{
    private const int Times = 10;

    public string Name => "cli";

    public IReadOnlyList<string> Measures => ["cli"];

    public void Run(Course course) => course.TakeTurns(this, course.Sizes.WarmUps, course.Sizes.Rounds, (peer, sampler) =>
    {
        for (int i = 0; i < Times; i++)
        {
            sampler.Time("cli", () => course.Arena.Commands.Run(peer.CliStart));
        }
    });
}
