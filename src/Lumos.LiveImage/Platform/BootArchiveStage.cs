using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>boot-archive</c>: the initramfs, an uncompressed cpio (its bulk is the squashfs, compressed already), as
/// ARCHITECTURE.md lists it.
/// </summary>
internal static class BootArchiveStage
{
    internal const string Name = "boot-archive";
    private const string Version = "1";
    private const int Program = 0b111_101_101, Data = 0b110_100_100;

    /// <summary>Folders that stage 1 mounts on.</summary>
    private static readonly string[] MountPoints = ["dev", "proc", "sys", "newroot", ".platform", ".layers/platform", ".layers/lumos"];

    internal static string Key(StageResult platform, StageResult lumos, Programs programs) =>
        new StageKey().Add(Name).Add(Version).Add(platform.Key).Add(lumos.Key).Add(programs.InitStage.Key).Finish();

    internal static void Make(string platformLayer, string platformSquashfs, string lumosSquashfs, string init, DateTimeOffset time, string target)
    {
        using var output = File.Create(target);
        var cpio = new CpioWriter(output, time);
        AddEarly(cpio, platformLayer, init);
        cpio.AddFile("lumos.squashfs", lumosSquashfs, Data);
        cpio.AddFile("platform.squashfs", platformSquashfs, Data);
        cpio.Finish();
    }

    /// <summary>An archive of Debian's layer alone, for a virtual machine of the builder with an /init of its own.</summary>
    internal static void MakeBare(StageResult platform, string init, string target)
    {
        using var output = File.Create(target);
        var cpio = new CpioWriter(output, DateTimeOffset.UnixEpoch);
        AddEarly(cpio, platform.Directory, init);
        cpio.AddFile("platform.squashfs", platform["platform.squashfs"], Data);
        cpio.Finish();
    }

    private static void AddEarly(CpioWriter cpio, string platformLayer, string init)
    {
        foreach (string folder in MountPoints)
        {
            cpio.AddDirectory(folder);
        }
        cpio.AddCharacterDevice("dev/console", 5, 1, 0b110_000_000);
        cpio.AddFile("init", init, Program);
        string early = Path.Combine(platformLayer, "early");
        foreach (string file in StageKey.FilesBelow(early))
        {
            cpio.AddFile(file, Path.Combine(early, file), file.EndsWith(".ko", StringComparison.Ordinal) ? Data : Program);
        }
        cpio.AddLink("bin/sh", "busybox");
        cpio.AddFile("etc/lumos-init.modules", Path.Combine(platformLayer, "early.modules"), Data);
    }
}
