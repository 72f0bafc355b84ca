using System.Text;
using Lumos.LiveImage.Archive;

namespace Lumos.Machine;

/// <summary>Hands files to a machine at boot, in the two ways SmartOS has: boot modules, and a medium with /private.</summary>
public static class BootMedium
{
    /// <summary>
    /// Copies a boot archive and appends one with these files under /system/boot. The kernel unpacks archives that stand
    /// one after the other, each beginning at a multiple of 4 bytes.
    /// </summary>
    /// <param name="bootArchive">The platform's, which stays as it is.</param>
    /// <param name="target">The copy.</param>
    /// <param name="files">Contents by path below /system/boot, such as <c>answers.json</c>.</param>
    public static void WriteBootArchive(string bootArchive, string target, IReadOnlyDictionary<string, string> files)
    {
        File.Copy(bootArchive, target, overwrite: true);
        using var archive = new FileStream(target, FileMode.Open, FileAccess.Write);
        archive.Seek(0, SeekOrigin.End);
        archive.Write(new byte[(int)(-archive.Length & 3)]);
        var cpio = new CpioWriter(archive, DateTimeOffset.UnixEpoch);
        foreach (var (path, content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            cpio.AddFile("system/boot/" + path, Encoding.UTF8.GetBytes(content), OwnerOnly);
        }
        cpio.Finish();
    }

    /// <summary>Makes a small ISO with the label LUMOSCFG and <c>/private/answers.json</c>.</summary>
    public static void WriteConfigIso(string target, string answers)
    {
        string tree = target + ".tree";
        string folder = Path.Combine(tree, "private");
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllText(Path.Combine(folder, "answers.json"), answers);
            HostCommand.Run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "LUMOSCFG", "-o", target, tree], TimeSpan.FromSeconds(60)).OrThrow();
        }
        finally
        {
            Directory.Delete(tree, recursive: true);
        }
    }

    private const int OwnerOnly = 0b110_000_000;
}
