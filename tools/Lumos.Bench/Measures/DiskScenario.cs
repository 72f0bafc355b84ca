using System.Globalization;

namespace Lumos.Bench.Measures;

/// <summary>A large file written and synced in a zone, and on the same file system from the host.</summary>
internal sealed class DiskScenario : IScenario
{
    private const string Host = "host";

    public string Name => "disk";

    public IReadOnlyList<string> Measures => ["disk-write"];

    public void Run(Course course)
    {
        string mebibytes = course.Sizes == Sizes.Quick ? "128" : "512";
        double Speed(string seconds) => double.Parse(mebibytes, CultureInfo.InvariantCulture) / double.Parse(seconds, CultureInfo.InvariantCulture);
        course.TakeTurns(this, warmUps: 0, 2 * course.Sizes.FleetRounds, (peer, sampler) =>
        {
            string file = Path.Combine(course.Arena.FolderOnDisk(Host), "file");
            course.Recorder.Add("disk-write", Host, Speed(course.Arena.Commands.Run(course.Arena.Request.Init, "write", file, mebibytes)));
            string zone = course.NewName();
            peer.Create(zone);
            sampler.Add("disk-write", Speed(peer.Exec(zone, "bench-init", "write", "/root/file", mebibytes)));
            peer.Stop(zone, force: true);
            peer.Delete(zone);
        });
    }
}
