using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Linux.Mounts;
using Lumos.Zones;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>
/// vmadm and vmadmd over the real zone runtime: what the fake one promises, asked of the kernel. Needs root, conmon, an OCI
/// runtime that works here and a static busybox.
/// </summary>
[Trait("level", "host")]
public sealed class RealZoneTests : IDisposable
{
    private readonly List<string> _warnings = [];
    private readonly TestMachine _machine;

    public RealZoneTests()
    {
        ZoneRuntime? runtime = null;
        _machine = new TestMachine(layout => runtime = new ZoneRuntime(layout,
            OciRuntime.Find() with { StateRoot = Path.Combine(Path.GetDirectoryName(layout.Run)!, "oci") }, new NoLinks(), _warnings.Add));
        Directory.CreateDirectory(_machine.At("usr/lib/lumos"));
        File.WriteAllText(_machine.At("usr/lib/lumos/zonename"), "global\n");
        Directory.CreateDirectory(_machine.At("usr/bin"));
        File.Copy("/bin/busybox", _machine.At("usr/bin/busybox"));
        _machine.FillRoot = FillRoot;
        Runtime = runtime!;
    }

    private ZoneRuntime Runtime { get; }

    public void Dispose()
    {
        foreach (var zone in _machine.Host.Zones.ReadIndex().Zones)
        {
            Runtime.Halt(zone.Name);
        }
        Assert.DoesNotContain(MountTable.Read(), m => m.Target.StartsWith(_machine.Root, StringComparison.Ordinal));
        _machine.Dispose();
    }

    [Fact]
    public void A_zone_lives_its_whole_life()
    {
        using var admin = new RunningAdmin(_machine);
        // The zone's init takes the marker away, inside its own view of its root: the first boot is over.
        var create = _machine.Vmadm($$"""
            {"brand": "lx", "kernel_version": "6.12", "image_uuid": "{{TestMachine.LxImage}}", "alias": "real", "ram": 128, "hostname": "real"}
            """, "create");
        Assert.True(create.Status == 0, create.Error);
        string uuid = create.Error.Trim().Split(' ')[^1];
        var name = ZoneName.Parse(uuid);
        var vm = _machine.Get(uuid);
        Assert.Equal("running", (string?)vm["state"]);
        Assert.True(Directory.Exists($"/proc/{(int)vm["pid"]!}"));
        Assert.Equal(0, Runtime.Exec(name, new ZoneCommand { Argv = ["/bin/sh", "-c", "test \"$(/bin/cat /etc/hostname)\" = real"] }));

        // It reboots itself: vmadmd boots it again.
        int pid = (int)vm["pid"]!;
        Runtime.Exec(name, new ZoneCommand { Argv = ["/bin/reboot"] });
        Wait.Until(() => _machine.Get(uuid)["pid"] is { } now && (int)now != pid && (string?)_machine.Get(uuid)["state"] == "running");

        // vmadm reboots it, and stops it.
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid).Status);
        Assert.Equal("stopped", (string?)_machine.Get(uuid)["state"]);
        Assert.Equal(0, _machine.Vmadm(null, "start", uuid).Status);

        // It switches itself off: it stays off, and its flag stays.
        Runtime.Exec(name, new ZoneCommand { Argv = ["/bin/poweroff"] });
        Wait.Until(() => (string?)_machine.Get(uuid)["state"] == "stopped");
        Assert.True((bool)_machine.Get(uuid)["autoboot"]!);

        var delete = _machine.Vmadm(null, "delete", uuid);
        Assert.True(delete.Status == 0, delete.Error);
        Assert.False(Directory.Exists(_machine.At("zones/" + uuid)));
        Assert.Empty(_warnings);
    }

    /// <summary>A root of nothing but busybox, whose init takes the marker of the first boot away.</summary>
    internal static void FillRoot(string root)
    {
        foreach (string folder in (string[])["bin", "sbin", "etc", "proc", "dev", "sys", "run", "tmp", "root", "native"])
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
        }
        File.Copy("/bin/busybox", Path.Combine(root, "bin/busybox"));
        foreach (string applet in (string[])["sh", "rm", "cat", "sleep", "poweroff", "reboot", "echo", "hostname", "ls", "mount", "umount", "touch", "stat"])
        {
            File.CreateSymbolicLink(Path.Combine(root, "bin", applet), "busybox");
        }
        File.CreateSymbolicLink(Path.Combine(root, "sbin/init"), "../bin/busybox");
        string shutdown = Path.Combine(root, "sbin/shutdown");
        File.WriteAllText(shutdown, "#!/bin/sh\ncase \"$1\" in -r) exec /bin/reboot;; *) exec /bin/poweroff;; esac\n");
        File.SetUnixFileMode(shutdown, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(root, "etc/inittab"), "::sysinit:/bin/rm -f /var/svc/provisioning\n::respawn:/bin/sleep 3600\n");
    }

    internal sealed class NoLinks : INamespaceLinks
    {
        public void Attach(IReadOnlyList<VethPlan> pairs, IReadOnlyList<RoutePlan> routes, int pid) => Assert.Empty(pairs);

        public void ChangeRoutes(IReadOnlyList<RoutePlan> remove, IReadOnlyList<RoutePlan> add, int pid) => Assert.Empty(add);

        public IReadOnlyList<Lumos.Linux.Handles.FileDescriptor> OpenTaps(IReadOnlyList<TapPlan> taps)
        {
            Assert.Empty(taps);
            return [];
        }

        public void Remove(IReadOnlyList<string> names) => Assert.Empty(names);
    }
}
