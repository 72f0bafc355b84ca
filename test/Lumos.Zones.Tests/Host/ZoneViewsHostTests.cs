using System.Globalization;
using Lumos.Cli;
using Lumos.Zones.Applets;
using Lumos.Zones.Statistics;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>What is seen of a real zone from outside. Needs what the other host tests need.</summary>
[Trait("level", "host")]
public sealed class ZoneViewsHostTests
{
    [Fact]
    public void Usage_processes_and_cores_are_the_zones_own()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        Assert.Equal(0, ZoneRuntimeHostTests.Sh(zone, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
        var usage = new UsageReader(zone.Layout, zone.Runtime).Read(zone.Name)!;
        Assert.True(usage is { CpuTime.Ticks: > 0, Rss: > 0, Tasks: > 0 }, usage.ToString());
        Assert.Equal((64L << 20, zone.Runtime.Status(zone.Name).ZoneId), (usage.MemoryCap, usage.ZoneId));

        int init = zone.Runtime.Status(zone.Name).InitPid!.Value;
        var output = new StringWriter { NewLine = "\n" };
        new ZonePs(new AppletContext { Name = "zps", Args = ["-p", "-o", "uid,pid", "-z", zone.Name.Text], Out = output }, zone.Layout, ProcessEntry.ReadAll).Run();
        Assert.Contains($"0:{init}\n", output.ToString(), StringComparison.Ordinal); // root, as the zone numbers it
        Assert.DoesNotContain($":{Environment.ProcessId}\n", output.ToString(), StringComparison.Ordinal);

        var notes = new List<string>();
        int status = new CoreDump(
            new AppletContext
            {
                Name = "core-dump", Args = [init.ToString(CultureInfo.InvariantCulture), "11", "1700000000"],
                OpenInput = () => new MemoryStream("a core"u8.ToArray()),
            },
            zone.Layout, "/no/such/folder", notes.Add).Run();
        string core = Assert.Single(Directory.GetFiles(Path.Combine(zone.Spec.ZonePath, "cores")));
        Assert.Equal((0, "a core"), (status, File.ReadAllText(core)));
        Assert.Contains($"zone {zone.Name}: ", Assert.Single(notes), StringComparison.Ordinal);
        Assert.NotEqual(0, ZoneRuntimeHostTests.Sh(zone, "ls /cores"));
    }
}
