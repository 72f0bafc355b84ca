using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>iso</c>: one file that boots from a CD, a disk or a USB stick, under BIOS and under UEFI. GRUB comes from this
/// machine's grub-pc-bin and grub-efi-amd64-bin; its menu is images/platform/grub.cfg.
/// </summary>
internal static class IsoStage
{
    internal const string Name = "iso";
    private const string Version = "1";

    /// <summary>The volume's label, by which the running system can find its medium.</summary>
    private const string Label = "LUMOS";

    internal static string Key(string recipe, StageResult platform, StageResult boot) =>
        new StageKey().Add(Name).Add(Version).Add(platform.Key).Add(boot.Key).AddFile(Path.Combine(recipe, "grub.cfg"), "grub.cfg").Finish();

    internal static void Make(BuildLog log, string recipe, string kernel, string bootArchive, string stamp, DateTimeOffset time, string work, string target)
    {
        string tree = Path.Combine(work, "tree");
        string platform = Path.Combine(tree, "platform");
        Directory.CreateDirectory(Path.Combine(tree, "boot/grub"));
        Directory.CreateDirectory(platform);
        // All of them are in the cache, on one file system: names, not copies.
        log.Run(["ln", kernel, Path.Combine(platform, "kernel")]);
        log.Run(["ln", bootArchive, Path.Combine(platform, "boot_archive")]);
        File.WriteAllText(Path.Combine(tree, "boot/grub/grub.cfg"), File.ReadAllText(Path.Combine(recipe, "grub.cfg")).Replace("@STAMP@", stamp));
        Directory.CreateDirectory(Path.Combine(tree, "etc/version"));
        File.WriteAllText(Path.Combine(tree, "etc/version/platform"), stamp + "\n");
        string seconds = time.ToUnixTimeSeconds().ToString();
        string date = time.UtcDateTime.ToString("yyyyMMddHHmmss'00'", System.Globalization.CultureInfo.InvariantCulture);
        // xorriso and mtools take volume times and serial numbers from SOURCE_DATE_EPOCH; GRUB finds the medium by the UUID.
        log.Run(
            ["grub-mkrescue", $"--output={target}", "--compress=xz", "--fonts=", "--locales=", "--themes=", tree, "--", "-volid", Label, "-volume_date", "uuid", date, "-alter_date_r", "b", "=" + seconds, "/", "--"],
            new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = seconds });
        Scratch.Delete(tree);
    }
}
