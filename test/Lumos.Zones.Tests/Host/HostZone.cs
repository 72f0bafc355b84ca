using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Drivers.Tools;
using Lumos.Linux.Mounts;
using Lumos.Linux.Netlink;
using Lumos.Testing;
using Lumos.Zones.Config;
using Lumos.Zones.Runtime;

namespace Lumos.Zones.Tests.Host;

/// <summary>
/// A zone on the real kernel under the OCI runtime that works here: a root of nothing but a static busybox, in a folder of
/// its own, with all our run-time state beside it. Disposing halts it; <see cref="Leaks"/> tells what it left.
/// </summary>
internal sealed class HostZone : IDisposable
{
    private static int s_count;

    private readonly string _folder;

    internal HostZone(INamespaceLinks links, string? inittab = null)
    {
        int number = Interlocked.Increment(ref s_count);
        _folder = Directory.CreateTempSubdirectory("lumos-zone-").FullName;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        Name = ZoneName.Parse($"test-{Environment.ProcessId}-{number}");
        Layout = new ZoneLayout
        {
            Configurations = Path.Combine(_folder, "etc"),
            Run = Path.Combine(_folder, "run"),
            States = Path.Combine(_folder, "states"),
            Exits = Path.Combine(_folder, "exits"),
            Machines = Path.Combine(_folder, "machines"),
            Locks = Path.Combine(_folder, "locks"),
            PlatformUsr = Path.Combine(_folder, "usr"),
            CgroupParent = $"/lumos-test-{Environment.ProcessId}-{number}",
        };
        Oci = OciRuntime.Find() with { StateRoot = Path.Combine(_folder, "oci") };
        Runtime = new ZoneRuntime(Layout, Oci, links, Warnings.Add);
        string zone = Path.Combine(_folder, "zone");
        MakeRoot(Path.Combine(zone, "root"), inittab ?? "::sysinit:/bin/echo booted\n::respawn:/bin/sleep 3600\n");
        MakePlatform();
        Spec = new ZoneSpec
        {
            Name = Name,
            Brand = ZoneBrand.Lx,
            ZoneDid = 40_000 + (Environment.ProcessId % 1000 * 20) + number % 20,
            ZonePath = zone,
            Hostname = "host-zone",
            MemoryBytes = 64L << 20,
            MaxLwps = 100,
        };
        new ZoneConfigStore(Layout).Create(
            new ZoneConfig { Name = Name, ZonePath = zone, Brand = ZoneBrand.Lx, ZoneDid = Spec.ZoneDid }, Name.Text);
        new ZoneConfigStore(Layout).SetState(Name, ZoneState.Installed);
    }

    internal ZoneName Name { get; }

    internal ZoneLayout Layout { get; }

    internal OciRuntime Oci { get; }

    internal ZoneRuntime Runtime { get; }

    internal ZoneSpec Spec { get; }

    internal List<string> Warnings { get; } = [];

    internal string ConsoleLog => Path.Combine(Spec.LogPath, "console.log");

    /// <summary>Puts the program of probe.c into the zone's root.</summary>
    internal void PutProbe()
    {
        string program = Path.Combine(_folder, "probe");
        Tool.Run("gcc", "-static", "-O1", "-o", program, Path.Combine(AppContext.BaseDirectory, "Host/probe.c")).OrThrow();
        File.Copy(program, Path.Combine(Spec.RootPath, "probe"));
    }

    /// <summary>The program of probe.c on this machine, outside every zone.</summary>
    internal string ProbeHere(params IReadOnlyList<string> words) => Tool.Run([Path.Combine(_folder, "probe"), .. words], null).OrThrow().Output.Trim();

    /// <summary>What a script prints in the zone; its errors too.</summary>
    internal string Output(string script)
    {
        string name = $"out{Interlocked.Increment(ref s_count)}";
        Runtime.Exec(Name, new ZoneCommand
        {
            Argv = ["/bin/sh", "-c", $"exec > /{name} 2>&1; {script}"],
            Environment = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("PATH", "/bin:/sbin"),
        });
        return File.ReadAllText(Path.Combine(Spec.RootPath, name)).Trim();
    }

    /// <summary>Mounts, cgroups, runtime records and run-time files of the zone that are still there.</summary>
    internal IReadOnlyList<string> Leaks()
    {
        var leaks = new List<string>();
        using (var stack = NetworkStack.Open())
        {
            leaks.AddRange(stack.Links().Where(l => l.Name.StartsWith($"v{Spec.ZoneDid}.", StringComparison.Ordinal)).Select(l => "link " + l.Name));
        }
        leaks.AddRange(MountTable.Read().Where(m => m.Target.StartsWith(_folder, StringComparison.Ordinal)).Select(m => "mount " + m.Target));
        foreach (string hierarchy in Directory.GetDirectories("/sys/fs/cgroup"))
        {
            string cgroup = $"{hierarchy}{Layout.CgroupParent}/{Name}";
            leaks.AddRange(Directory.Exists(cgroup) ? ["cgroup " + cgroup] : []);
        }
        foreach (string place in new[] { Layout.RunFolder(Name), Path.Combine(Oci.StateRoot, Name.Text) })
        {
            leaks.AddRange(Directory.Exists(place) ? [place] : []);
        }
        foreach (string file in new[] { Layout.StateFile(Name), Layout.ExitFile(Name) })
        {
            leaks.AddRange(File.Exists(file) ? [file] : []);
        }
        foreach (string process in Directory.GetDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            try
            {
                if (File.ReadAllText(process + "/cmdline").Contains(Name.Text, StringComparison.Ordinal))
                {
                    leaks.Add("process " + process);
                }
            }
            catch (IOException)
            {
                // it has just ended
            }
        }
        return leaks;
    }

    public void Dispose()
    {
        Runtime.Halt(Name);
        Directory.Delete(_folder, recursive: true);
        TestCgroups.Remove(Layout.CgroupParent);
    }

    internal static void MakeRoot(string root, string inittab)
    {
        foreach (string folder in new[] { "bin", "sbin", "etc", "proc", "dev", "sys", "run", "tmp", "root", "native" })
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
        }
        File.Copy("/bin/busybox", Path.Combine(root, "bin/busybox"));
        foreach (string applet in new[] { "sh", "echo", "sleep", "cat", "id", "mount", "ls", "stat", "hostname", "poweroff", "reboot", "touch", "dd", "ip", "ping", "stty", "umount", "mkdir", "tty", "grep", "df", "ln", "chmod", "seq", "wc" })
        {
            File.CreateSymbolicLink(Path.Combine(root, "bin", applet), "busybox");
        }
        File.CreateSymbolicLink(Path.Combine(root, "sbin/init"), "../bin/busybox");
        // busybox has no shutdown(8); its init is asked by signals.
        string shutdown = Path.Combine(root, "sbin/shutdown");
        File.WriteAllText(shutdown, "#!/bin/sh\ncase \"$1\" in -r) exec /bin/reboot;; *) exec /bin/poweroff;; esac\n");
        File.SetUnixFileMode(shutdown, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(root, "etc/inittab"), inittab);
        File.WriteAllText(Path.Combine(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/tmp:/bin/sh\n");
        File.WriteAllText(Path.Combine(root, "etc/group"), "root:x:0:\nann:x:1000:\nstaff:x:50:ann\n");
    }

    private void MakePlatform()
    {
        Directory.CreateDirectory(Path.Combine(Layout.PlatformUsr, "lib/lumos"));
        Directory.CreateDirectory(Path.Combine(Layout.PlatformUsr, "bin"));
        File.WriteAllText(Path.Combine(Layout.PlatformUsr, "lib/lumos/zonename"), "global\n");
        File.Copy("/bin/busybox", Path.Combine(Layout.PlatformUsr, "bin/busybox"));
        string methods = Path.Combine(Layout.PlatformUsr, "lib/svc/method");
        Directory.CreateDirectory(methods);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "zone-dhcp-script"), Path.Combine(methods, "zone-dhcp-script"));
    }
}

/// <summary>For zones without NICs.</summary>
internal sealed class NoLinks : INamespaceLinks
{
    public void Attach(IReadOnlyList<VethPlan> pairs, IReadOnlyList<RoutePlan> routes, int pid) => Xunit.Assert.Empty(pairs);

    public void ChangeRoutes(IReadOnlyList<RoutePlan> remove, IReadOnlyList<RoutePlan> add, int pid) => Xunit.Assert.Empty(add);

    public IReadOnlyList<Lumos.Linux.Handles.FileDescriptor> OpenTaps(IReadOnlyList<TapPlan> taps)
    {
        Xunit.Assert.Empty(taps);
        return [];
    }

    public void Remove(IReadOnlyList<string> names) => Xunit.Assert.Empty(names);
}
