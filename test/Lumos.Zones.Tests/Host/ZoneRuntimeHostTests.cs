using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>Zones for real. Needs root, conmon, an OCI runtime that works here (runc, or crun where all cgroups are version 2) and busybox-static.</summary>
[Trait("level", "host")]
public sealed class ZoneRuntimeHostTests
{
    [Fact]
    public void Boots_runs_programs_and_halts_without_a_trace()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        var status = zone.Runtime.Status(zone.Name);
        Assert.Equal(ZoneState.Running, status.State);
        Assert.NotNull(status.BootTime);
        Assert.True(Directory.Exists($"/proc/{status.InitPid}"));

        Assert.Equal(0, Sh(zone, "test \"$(id -u)\" = 0"));
        Assert.Equal(42, Sh(zone, "exit 42"));
        Assert.Equal(0, Sh(zone, "test \"$(hostname)\" = host-zone"));
        Assert.Equal(0, Sh(zone, $"test \"$(cat /native/lib/lumos/zonename)\" = {zone.Name}"));
        Assert.NotEqual(0, zone.Runtime.Exec(zone.Name, new ZoneCommand { Argv = ["/no/such/program"] }));

        zone.Runtime.Halt(zone.Name);
        Assert.Equal(ZoneState.Installed, zone.Runtime.Status(zone.Name).State);
        Assert.Empty(zone.Leaks());
        zone.Runtime.Halt(zone.Name); // nothing to do is no error
        Assert.Empty(zone.Warnings);
    }

    [Fact]
    public void Root_inside_is_nobody_outside_and_files_keep_their_ids()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        Assert.Equal(0, Sh(zone, "touch /made && test \"$(stat -c %u /made /etc/passwd | sort -u)\" = 0", path: "/bin"));
        string made = Path.Combine(zone.Spec.RootPath, "made");
        Assert.Equal(0u, Lumos.Linux.Files.FileStatus.Of(made).User);
        string status = File.ReadAllText($"/proc/{zone.Runtime.Status(zone.Name).InitPid}/status");
        Assert.Contains($"Uid:\t{zone.Spec.FirstId}\t", status, StringComparison.Ordinal);
        Assert.NotEqual(0, Sh(zone, "touch /native/x"));
        Assert.NotEqual(0, Sh(zone, "echo x > /proc/sys/kernel/core_pattern"));
    }

    [Fact]
    public void A_boot_that_fails_leaves_nothing_and_says_why()
    {
        using var zone = new HostZone(new NoLinks());
        var broken = zone.Spec with { Init = ["/no/such/init"] };
        var error = Assert.Throws<LumosException>(() => zone.Runtime.Boot(broken));
        Assert.Equal("ZoneBootFailed", error.Code);
        Assert.Contains("/no/such/init", LumosException.Describe(error), StringComparison.Ordinal);
        Assert.Empty(zone.Leaks());
        zone.Runtime.Boot(zone.Spec); // and it can be booted after that
    }

    [Fact]
    public void Shuts_down_gracefully()
    {
        using var zone = new HostZone(new NoLinks(), "::sysinit:/bin/echo booted\n::shutdown:/bin/touch /shut-down-well\n::respawn:/bin/sleep 3600\n");
        zone.Runtime.Boot(zone.Spec);
        WaitForConsole(zone, "booted");
        Assert.True(zone.Runtime.Shutdown(zone.Name, ZoneShutdown.Halt, TimeSpan.FromSeconds(30)));
        Assert.True(File.Exists(Path.Combine(zone.Spec.RootPath, "shut-down-well")));
        Assert.Equal(ZoneState.Installed, zone.Runtime.Status(zone.Name).State);
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void A_zone_that_reboots_itself_is_down_and_says_so()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        WaitForConsole(zone, "booted");
        int pid = zone.Runtime.Status(zone.Name).InitPid!.Value;
        using var init = ProcessHandle.TryOpen(pid)!;
        Sh(zone, "reboot", path: "/bin");
        Assert.True(init.WaitForEnd(TimeSpan.FromSeconds(30)));
        Assert.Equal(ZoneState.Down, zone.Runtime.Status(zone.Name).State);
        var exit = zone.Runtime.CleanUp(zone.Name);
        Assert.True(exit is { WantsReboot: true }, $"exit status {exit?.Status}");
        Assert.Null(zone.Runtime.CleanUp(zone.Name));
        Assert.Empty(zone.Leaks());
        zone.Runtime.Boot(zone.Spec);
    }

    [Fact]
    public void What_a_crash_left_is_cleared_by_the_next_boot()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        using (var init = ProcessHandle.TryOpen(zone.Runtime.Status(zone.Name).InitPid!.Value)!)
        {
            using var monitor = ProcessHandle.TryOpen(int.Parse(
                File.ReadAllText(Path.Combine(zone.Layout.RunFolder(zone.Name), "conmon.pid")), System.Globalization.CultureInfo.InvariantCulture))!;
            monitor.Signal(9); // no exit file will be written
            monitor.WaitForEnd(TimeSpan.FromSeconds(10));
            init.Signal(9);
            init.WaitForEnd(TimeSpan.FromSeconds(10));
        }
        Assert.Equal(ZoneState.Down, zone.Runtime.Status(zone.Name).State);
        zone.Runtime.Boot(zone.Spec);
        Assert.Equal(0, Sh(zone, "true"));
    }

    [Fact]
    public void How_init_ended_is_remembered_until_somebody_boots_the_zone()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        using (var init = ProcessHandle.TryOpen(zone.Runtime.Status(zone.Name).InitPid!.Value)!)
        {
            init.Signal(9);
            Assert.True(init.WaitForEnd(TimeSpan.FromSeconds(10)));
        }
        var down = zone.Runtime.Status(zone.Name);
        Assert.Equal(ZoneState.Down, down.State);
        Assert.Null(down.Transition);
        Assert.True(zone.Runtime.CleanUp(zone.Name) is { IsCrash: true, Shown: -9 });
        Assert.Equal(-9, zone.Runtime.Status(zone.Name).Exit?.Shown);

        zone.Runtime.Boot(zone.Spec with { Restarts = new ZoneRestarts(1, 1) });
        var restarted = zone.Runtime.Status(zone.Name);
        Assert.Equal((ZoneState.Running, 1, -9), (restarted.State, restarted.Restarts.Total, restarted.Exit?.Shown));
        Assert.InRange(restarted.Uptime!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.True(zone.Runtime.Shutdown(zone.Name, ZoneShutdown.Halt, TimeSpan.FromSeconds(30)));
        Assert.Equal(0, zone.Runtime.Status(zone.Name).Exit?.Shown);

        zone.Runtime.Boot(zone.Spec);
        Assert.Null(zone.Runtime.Status(zone.Name).Exit);
        zone.Runtime.Halt(zone.Name);
        Assert.Equal(-9, zone.Runtime.Status(zone.Name).Exit?.Shown);
        Assert.Empty(zone.Leaks());
        Assert.Empty(zone.Warnings);
    }

    internal static int Sh(HostZone zone, string script, string path = "/bin:/sbin") => zone.Runtime.Exec(zone.Name, new ZoneCommand
    {
        Argv = ["/bin/sh", "-c", script],
        Environment = ImmutableSortedDictionary<string, string>.Empty.Add("PATH", path),
    });

    private static void WaitForConsole(HostZone zone, string text)
    {
        for (long deadline = Environment.TickCount64 + 20_000; Environment.TickCount64 < deadline; Thread.Sleep(20))
        {
            if (File.Exists(zone.ConsoleLog) && File.ReadAllText(zone.ConsoleLog).Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }
        Assert.Fail($"\"{text}\" did not appear on the console; it shows: {(File.Exists(zone.ConsoleLog) ? File.ReadAllText(zone.ConsoleLog) : "nothing")}");
    }
}
