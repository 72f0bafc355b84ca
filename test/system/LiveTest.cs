using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>A test on a machine: when it fails, it says where the serial log is and how it ends.</summary>
public abstract class LiveTest(Suite suite) : IDisposable
{
    protected Suite Suite { get; } = suite;

    protected GlobalZone Zone => Suite.Main.Zone;

    /// <summary>The machine whose log matters if this test fails.</summary>
    protected virtual MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, "main"));

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed && LogOf is { } folder)
        {
            TakeAway();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"serial log: {folder.SerialLog} (earlier boots: serial.N.log beside it); it ends with:\n{SerialConsole.LastLines(folder, 6)}");
        }
    }

    /// <summary>Takes away what a test that failed would burden others with.</summary>
    protected virtual void TakeAway()
    {
    }

    /// <summary>The command succeeded; returns what it printed, trimmed.</summary>
    protected static string Ok(CommandResult run)
    {
        Assert.True(run.Status == 0 && !run.TimedOut,
            $"\"{run.Argv[^1]}\" ended with {(run.TimedOut ? "a time-out" : $"status {run.Status}")}\nstdout: {run.Output}\nstderr: {run.ErrorOutput}");
        return run.Output.Trim();
    }

    /// <summary>The command ended with this status; returns what it complained, trimmed.</summary>
    protected static string Fails(int status, CommandResult run)
    {
        Assert.True(run.Status == status && !run.TimedOut,
            $"\"{run.Argv[^1]}\" ended with {(run.TimedOut ? "a time-out" : $"status {run.Status}")}, not {status}\nstdout: {run.Output}\nstderr: {run.ErrorOutput}");
        return run.ErrorOutput.Trim();
    }

    /// <summary>Lists, zone index, datasets and cgroups tell of the same VMs.</summary>
    protected void AssertConsistent()
    {
        var listed = Lines(Ok(Zone.Run("vmadm", "list", "-H", "-p", "-o", "uuid"))).Order().ToList();
        var zones = Lines(Ok(Zone.Run("zoneadm", "list", "-cp"))).Select(line => line.Split(':')[1]).Where(name => name != "global").Order().ToList();
        var images = Lines(Ok(Zone.Run("imgadm", "list", "-H", "-o", "uuid"))).ToHashSet();
        var datasets = Lines(Ok(Zone.Run("zfs", "list", "-H", "-o", "name", "-d", "1", "zones"))).Where(name => name.Contains('/'))
            .Select(name => name.Split('/')[1]).Where(name => Guid.TryParse(name[..Math.Min(36, name.Length)], out _) && !images.Contains(name)).Order().ToList();
        Assert.Equal(listed, zones);
        Assert.Equal(listed, datasets);
    }

    protected static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim());
}
