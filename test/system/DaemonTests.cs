using Xunit;

namespace Lumos.SystemTests;

/// <summary>Daemons killed without warning: zones go on, and the service manager brings them back.</summary>
[Collection("07 daemons")]
public sealed class DaemonTests(Suite suite) : LiveTest(suite)
{
    [Theory]
    [InlineData("vminfod", "svc:/system/smartdc/vminfod:default")]
    [InlineData("vmadmd", "svc:/system/smartdc/vmadmd:default")]
    [InlineData("svc.startd", "svc:/system/zones:default")]
    public void It_is_killed_and_comes_back_and_no_zone_notices(string name, string serviceAfterwards)
    {
        string zones = FirstProcesses();
        string old = PidOf(name);
        Ok(Zone.Run("kill", "-KILL", old));
        Zone.WaitFor($"{name} again", Suite.Patient(30), () => PidOf(name) is { Length: > 0 } now && now != old);
        Zone.WaitFor($"{serviceAfterwards} online", Suite.Patient(30), () => Zone.Run("svcs", "-H", "-o", "state", serviceAfterwards).Output.Trim() == "online");
        Zone.WaitFor("vmadm list of running zones", Suite.Patient(30),
            () => Zone.Run("vmadm", "list", "-H", "-p", "-o", "state", $"uuid={Suite.NativeZone}").Output.Trim() == "running");
        Assert.Equal(zones, FirstProcesses());
        AssertConsistent();
    }

    /// <summary>What zlogin and the kernel tell of the first process of both zones: the time it started.</summary>
    private string FirstProcesses() => string.Join(' ', new[] { Suite.NativeZone, Suite.LxZone }
        .Select(zone => Ok(Zone.Zlogin(zone, "cut", "-d", " ", "-f", "22", "/proc/1/stat"))));

    /// <summary>The daemon of the global zone: the one in our own pid namespace's view with PID 1 or startd as parent.</summary>
    private string PidOf(string name) =>
        Zone.Shell($"for p in $(pgrep -x {name}); do [ $(readlink /proc/$p/ns/pid) = $(readlink /proc/1/ns/pid) ] && echo $p; done").Output.Trim();
}
