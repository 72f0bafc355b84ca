using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages.Disks;

/// <summary>
/// Makes <c>disk.raw</c> of the platform's own kernel and an initramfs: busybox, the modules that the recipe names in the order they are
/// loaded, and its init. The third partition is for what the guest wants to keep.
/// </summary>
internal static class TinyDisk
{
    private const string Version = "1";
    private const int Program = 0b111_101_101, Data = 0b110_100_100;

    /// <summary>The system partition holds kernel and initramfs; one for BIOS and the tables, one for the guest's data.</summary>
    private const int OtherMegabytes = 2 + 1 + 1;

    internal static string Key(ImageRecipe recipe, StageResult platform) =>
        new StageKey().Add("tiny-disk").Add(Version).Add(BootDisk.Version).Add(platform.Key).AddTree(recipe.Folder, path => path is not "image.json").Add($"{recipe.Megabytes}").Finish();

    internal static void Make(BuildLog log, ImageRecipe recipe, StageResult platform, Guid id, string work)
    {
        string initramfs = Path.Combine(work, "initrd"), modules = Path.Combine(work, "modules");
        string[] wanted = [.. RecipeLines.Load(Path.Combine(recipe.Folder, "modules.list"))];
        log.Run(["unsquashfs", "-no-progress", "-dest", modules, platform["platform.squashfs"], .. wanted.Select(m => $"usr/lib/modules/*/kernel/{m}.ko")]);
        using (var output = File.Create(initramfs))
        {
            var cpio = new CpioWriter(output, DateTimeOffset.UnixEpoch);
            foreach (string folder in new[] { "dev", "proc", "sys", "modules" })
            {
                cpio.AddDirectory(folder);
            }
            cpio.AddCharacterDevice("dev/console", 5, 1, 0b110_000_000);
            cpio.AddFile("init", Path.Combine(recipe.Folder, "init"), Program);
            string early = platform["early"];
            foreach (string file in StageKey.FilesBelow(early).Where(f => !f.EndsWith(".ko", StringComparison.Ordinal)))
            {
                cpio.AddFile(file, Path.Combine(early, file), Program);
            }
            cpio.AddLink("bin/sh", "busybox");
            var files = Directory.EnumerateFiles(modules, "*.ko", SearchOption.AllDirectories).ToDictionary(f => Path.GetFileName(f)!);
            for (int i = 0; i < wanted.Length; i++)
            {
                cpio.AddFile($"modules/{i:00}-{Path.GetFileName(wanted[i])}.ko", files[Path.GetFileName(wanted[i]) + ".ko"], Data);
            }
            cpio.Finish();
        }
        log.Run(["gzip", "--best", "--no-name", "--force", initramfs]);
        BootDisk.Make(log, new DiskLayout
        {
            Megabytes = recipe.Megabytes,
            SystemMegabytes = recipe.Megabytes - OtherMegabytes,
            SystemFiles = new Dictionary<string, string>
            {
                ["kernel"] = platform["kernel"],
                ["initrd"] = initramfs + ".gz",
                ["grub/grub.cfg"] = Path.Combine(recipe.Folder, "grub.cfg"),
            },
            Id = id,
        }, work, Path.Combine(work, "disk.raw"));
        File.Delete(initramfs + ".gz");
        Scratch.Delete(modules);
    }
}
