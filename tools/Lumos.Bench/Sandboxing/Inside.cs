using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Mounts;
using Lumos.Linux.Netlink;

namespace Lumos.Bench.Sandboxing;

/// <summary>Furnishes the sandbox from within: views of the kernel that fit its namespaces, a bridge, a btrfs file system with the zone's root.</summary>
internal static class Inside
{
    public const string Bridge = "bench0";
    private const string BridgeAddress = "10.77.0.1/16";

    /// <summary>Call it once, first thing.</summary>
    public static Arena Furnish(BenchRequest request)
    {
        MountViews();
        using (var network = NetworkStack.Open())
        {
            network.SetUp(network.GetLink("lo").Index);
            var bridge = network.CreateBridge(Bridge);
            network.AddAddress(bridge.Index, IpNet.Parse(BridgeAddress));
            network.SetUp(bridge.Index);
        }
        string image = Path.Combine(request.Work, "disk"), disk = Path.Combine(request.Work, "fs");
        using (var file = File.Create(image))
        {
            file.SetLength(request.DiskGiB << 30);
        }
        Tool.Run("mkfs.btrfs", "--quiet", image).OrThrow();
        Directory.CreateDirectory(disk);
        Tool.Run("mount", "-t", "btrfs", "-o", "loop,noatime", image, disk).OrThrow();
        string scratch = Path.Combine(request.Work, "tmp");
        Directory.CreateDirectory(scratch);
        string home = Path.Combine(request.Work, "home");
        Directory.CreateDirectory(home);
        var arena = new Arena(request, disk, scratch);
        arena.Commands.Environment["HOME"] = home;
        MakeBase(request, arena);
        return arena;
    }

    private static void MountViews()
    {
        var hierarchies = ControlGroups.Hierarchies();
        Mount.At("proc", "/proc", "proc");
        Mount.At("sysfs", "/sys", "sysfs");
        if (hierarchies is [{ IsVersion2: true, Directory: "/sys/fs/cgroup" }])
        {
            Mount.At("cgroup2", "/sys/fs/cgroup", "cgroup2");
            DelegateControllers("/sys/fs/cgroup");
        }
        else
        {
            Mount.At("tmpfs", "/sys/fs/cgroup", "tmpfs", data: "mode=755");
            foreach (var hierarchy in hierarchies)
            {
                Directory.CreateDirectory(hierarchy.Directory);
                Mount.At("cgroup", hierarchy.Directory, hierarchy.IsVersion2 ? "cgroup2" : "cgroup", data: hierarchy.IsVersion2 ? null : hierarchy.Options);
            }
        }
        Mount.At("tmpfs", "/run", "tmpfs", data: "mode=755");
        Directory.CreateDirectory("/run/lock");
        // Device nodes of the host, but shared memory and message queues of our own.
        Mount.At("tmpfs", "/dev/shm", "tmpfs");
    }

    /// <summary>Version 2 gives controllers to groups whose parents hold no process: ours move down first.</summary>
    private static void DelegateControllers(string root)
    {
        string own = Path.Combine(root, "bench");
        Directory.CreateDirectory(own);
        foreach (string pid in File.ReadAllLines(Path.Combine(root, "cgroup.procs")))
        {
            File.WriteAllText(Path.Combine(own, "cgroup.procs"), pid);
        }
        string[] controllers = File.ReadAllText(Path.Combine(root, "cgroup.controllers")).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        File.WriteAllText(Path.Combine(root, "cgroup.subtree_control"), string.Join(' ', controllers.Select(name => "+" + name)));
    }

    private static void MakeBase(BenchRequest request, Arena arena)
    {
        Tool.Run("btrfs", "subvolume", "create", arena.Base).OrThrow();
        Tool.Run("tar", "-C", arena.Base, "-xf", request.RootArchive).OrThrow();
        string init = Path.Combine(arena.Base, "usr/bin/bench-init");
        File.Copy(request.Init, init);
        File.SetUnixFileMode(init, (UnixFileMode)0b111_101_101);
        foreach (string name in new[] { "init", "shutdown" })
        {
            string link = Path.Combine(arena.Base, "usr/sbin", name);
            File.Delete(link);
            File.CreateSymbolicLink(link, "../bin/bench-init");
        }
        // Without the device nodes, which a user namespace may not make; every peer has a /dev of its own anyway.
        Tool.Run("tar", "-C", arena.Base, "--exclude=./dev/*", "-cf", arena.RootArchive, ".").OrThrow();
    }
}
