using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Modules;
using Lumos.Linux.Mounts;
using Lumos.Linux.Spawn;

namespace Lumos.Init.EarlyBoot;

/// <summary>
/// Stage 1: from the initramfs to the platform's root.
/// </summary>
/// <remarks>
/// Purpose: the boot archive is a cpio in memory with this program, a few modules and two squashfs layers: what comes from
/// Debian and, over it, what comes from the project. This stage makes the running system's root of them and goes there.
/// On disk: nothing; no disk is needed or touched. In memory: the two layers stay where they are, held by their loop
/// devices; everything else of the initramfs is removed, so that its memory is free again.
/// The new root is a tmpfs: /usr is the layers' overlay, read-only; /etc, /var, /root, /opt and the like are copies, and
/// /system/boot/{etc,root} (from cpio archives a loader appended) are copied over them.
/// The layers stay mounted at /.layers and /.platform: zones build id-mapped views of them.
/// Failure: any step that fails ends in a shell on the console (see <see cref="EmergencyShell"/>), with the step named; PID 1
/// must not exit, for the kernel would panic and take the reason with it.
/// Tested by booting it.
/// </remarks>
internal static class InitramfsStage
{
    internal const string PlatformArchive = "/platform.squashfs";

    private const string ProjectArchive = "/lumos.squashfs", ModuleList = "/etc/lumos-init.modules", NewRoot = "/newroot",
        Platform = "/.platform", Layers = "/.layers";

    /// <summary>Directories whose content is mounted later: only the place is made.</summary>
    private static readonly string[] Places = ["proc", "sys", "dev", "run", "tmp", "usr"];

    /// <summary>Becomes stage 2, or serves a shell for ever.</summary>
    internal static void Run()
    {
        string step = "start";
        void Begin(string name) => step = name;
        try
        {
            Begin("mount the kernel's file systems");
            MountKernelFileSystems();
            Begin("load the modules of the boot archive");
            LoadModules();
            Begin("mount the platform");
            MountPlatform();
            Begin("make the root");
            MakeRoot();
            Begin("copy what the boot medium brings");
            CopyBootFiles();
            Begin("move to the new root");
            SwitchRoot();
            Begin("start the next stage");
            Pid1Signals.Block();
            Execute.Replace(Trampoline.InstalledPath, ["/sbin/init"], BootEnvironment.Create());
        }
        catch (Exception e)
        {
            Say.Line($"lumos-init: could not {step}: {LumosException.Describe(e)}");
            EmergencyShell.ServeForEver();
        }
    }

    private static void MountKernelFileSystems()
    {
        foreach (var (type, target) in new[] { ("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev") })
        {
            Directory.CreateDirectory(target);
            Mount.At(type, target, type, MountFlags.NoSuid);
        }
        // The kernel gave us the initramfs's own console node, which is about to be removed.
        using var console = FileDescriptorIo.Open("/dev/console", OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
        for (int number = 0; number <= 2; number++)
        {
            SelfProcess.PutDescriptor(console, number);
        }
    }

    private static void LoadModules()
    {
        foreach (string line in File.ReadLines(ModuleList))
        {
            if (line.Trim() is { Length: > 0 } path && path[0] != '#')
            {
                KernelModule.Load(path);
            }
        }
    }

    private static void MountPlatform()
    {
        string platform = Layers + "/platform", project = Layers + "/lumos";
        foreach (string folder in new[] { platform, project, Platform, NewRoot })
        {
            Directory.CreateDirectory(folder);
        }
        LoopDevice.MountFile(PlatformArchive, platform, "squashfs");
        LoopDevice.MountFile(ProjectArchive, project, "squashfs");
        Mount.At("platform", Platform, "overlay", MountFlags.ReadOnly, $"lowerdir={project}:{platform}");
    }

    private static void MakeRoot()
    {
        Mount.At("root", NewRoot, "tmpfs", MountFlags.None, "mode=755");
        foreach (string place in Places)
        {
            Directory.CreateDirectory($"{NewRoot}/{place}");
        }
        foreach (string source in Directory.GetFileSystemEntries(Platform))
        {
            string name = Path.GetFileName(source);
            string target = $"{NewRoot}/{name}";
            if (new FileInfo(source).LinkTarget is { } link)
            {
                File.CreateSymbolicLink(target, link); // bin, sbin, lib, lib64
            }
            else if (Directory.Exists(source) && !Places.Contains(name))
            {
                TreeCopy.Copy(source, target);
            }
        }
        foreach (string name in new[] { "bin", "sbin", "lib", "lib64" })
        {
            if (!Path.Exists($"{NewRoot}/{name}"))
            {
                File.CreateSymbolicLink($"{NewRoot}/{name}", $"usr/{name}");
            }
        }
        Mount.Bind(Platform + "/usr", NewRoot + "/usr");
    }

    private static void CopyBootFiles()
    {
        const string source = "/system/boot", target = NewRoot + "/system/boot";
        if (!Directory.Exists(source))
        {
            return;
        }
        Directory.CreateDirectory(NewRoot + "/system");
        TreeCopy.Copy(source, target);
        foreach (string name in new[] { "etc", "root" })
        {
            if (Directory.Exists($"{source}/{name}"))
            {
                var keep = FileStatus.Of($"{NewRoot}/{name}");
                TreeCopy.Copy($"{source}/{name}", $"{NewRoot}/{name}");
                File.SetUnixFileMode($"{NewRoot}/{name}", (UnixFileMode)keep.Mode); // its files override, not the directory
            }
        }
    }

    private static void SwitchRoot()
    {
        foreach (string mount in new[] { Layers + "/platform", Layers + "/lumos", Platform, "/proc", "/sys", "/dev" })
        {
            Directory.CreateDirectory(NewRoot + mount);
            Mount.Move(mount, NewRoot + mount);
        }
        TreeCopy.RemoveContent("/");
        SelfProcess.ChangeDirectory(NewRoot);
        Mount.Move(".", "/");
        SelfProcess.ChangeRoot(".");
        SelfProcess.ChangeDirectory("/");
    }
}
