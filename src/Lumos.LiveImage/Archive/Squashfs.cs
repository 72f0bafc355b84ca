namespace Lumos.LiveImage.Archive;

/// <summary>Packs a tree into a zstd squashfs, the same bytes for the same tree: one time for all files, mksquashfs sorts by name.</summary>
public static class Squashfs
{
    /// <param name="log">Where the tool's words go.</param>
    /// <param name="tree">The folder to pack.</param>
    /// <param name="target">The file to write.</param>
    /// <param name="time">The time of every file and of the file system.</param>
    /// <param name="level">zstd's level, 1 to 22.</param>
    /// <param name="allRoot">Give every file to root; else owners are kept.</param>
    public static void Make(BuildLog log, string tree, string target, DateTimeOffset time, string level, bool allRoot = false)
    {
        string seconds = time.ToUnixTimeSeconds().ToString();
        List<string> argv =
        [
            "mksquashfs", tree, target, "-noappend", "-no-progress", "-comp", "zstd", "-Xcompression-level", level, "-b", "256K",
            "-all-time", seconds, "-mkfs-time", seconds, "-xattrs",
        ];
        if (allRoot)
        {
            argv.Add("-all-root");
        }
        log.Run(argv);
    }
}
