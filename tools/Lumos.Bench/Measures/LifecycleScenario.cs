namespace Lumos.Bench.Measures;

/// <summary>The life of one zone, with a clone of it on the way.</summary>
internal sealed class LifecycleScenario : IScenario
{
    private const int ShortOnes = 5;

    public string Name => "lifecycle";

    public IReadOnlyList<string> Measures =>
        ["create", "create-return", "exec", "get", "snapshot", "clone", "stop", "start", "force-stop", "delete"];

    public void Run(Course course) => course.TakeTurns(this, course.Sizes.WarmUps, course.Sizes.Rounds, (peer, sampler) =>
    {
        string zone = course.NewName();
        sampler.TimeStart("create", zone, () => peer.Create(zone), untilReturn: "create-return");
        for (int i = 0; i < ShortOnes; i++)
        {
            sampler.Time("exec", () => peer.Exec(zone, "true"));
            sampler.Time("get", () => peer.Get(zone));
        }
        if (course.Takes(peer, "snapshot") || course.Takes(peer, "clone"))
        {
            double taken = Sampler.Milliseconds(() => peer.Snapshot(zone, "s1"));
            sampler.Add("snapshot", taken);
        }
        if (course.Takes(peer, "clone"))
        {
            string clone = course.NewName();
            sampler.TimeStart("clone", clone, () => peer.Clone(zone, "s1", clone));
            peer.Stop(clone, force: true);
            peer.Delete(clone);
        }
        sampler.Add("stop", Sampler.Milliseconds(() => peer.Stop(zone, force: false)));
        sampler.TimeStart("start", zone, () => peer.Start(zone));
        sampler.Add("force-stop", Sampler.Milliseconds(() => peer.Stop(zone, force: true)));
        sampler.Add("delete", Sampler.Milliseconds(() => peer.Delete(zone)));
    });
}
