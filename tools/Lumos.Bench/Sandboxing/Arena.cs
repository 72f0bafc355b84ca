using System.Diagnostics;
using System.Globalization;
using Lumos.Bench.Programs;
using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Sandboxing;

/// <summary>The furnished sandbox, as peers and measures see it.</summary>
/// <param name="Disk">The btrfs file system that everything lies on.</param>
/// <param name="Scratch">A folder outside it.</param>
internal sealed record Arena(BenchRequest Request, string Disk, string Scratch)
{
    private const string Mark = ".bench-up";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    public Commands Commands { get; } = new(Scratch);

    /// <summary>The subvolume with the root that every zone is a clone of.</summary>
    public string Base => Path.Combine(Disk, "base");

    /// <summary>The same root as an archive, for peers that import one.</summary>
    public string RootArchive => Path.Combine(Request.Work, "root.tar");

    /// <summary>A new folder of a peer on the measured file system.</summary>
    public string FolderOnDisk(string name) => Directory.CreateDirectory(Path.Combine(Disk, name)).FullName;

    /// <summary>A new folder of a peer's state.</summary>
    public string StateFolder(string name) => Directory.CreateDirectory(Path.Combine(Request.Work, name)).FullName;

    public string Log(string name) => Path.Combine(Request.Logs, name + ".log");

    /// <summary>A writable clone of a subvolume.</summary>
    public void CloneSubvolume(string from, string to) => Commands.Run("btrfs", "subvolume", "snapshot", from, to);

    public void DeleteSubvolume(string path) => Commands.Run("btrfs", "subvolume", "delete", path);

    /// <summary>
    /// When the init of the zone with this root started, by its own mark: a time of the monotonic clock, which is also
    /// <see cref="Stopwatch"/>'s. Marks older than <paramref name="since"/> are those of an earlier start, or of the zone that this is a clone of.
    /// </summary>
    public static long WaitForStart(string root, long since)
    {
        string file = Path.Combine(root, Mark);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (ReadMark(file) is { } time && time > since)
            {
                return time;
            }
            if (clock.Elapsed > _patience)
            {
                throw new LumosException("NotStarted", $"{file} did not appear in {_patience.TotalSeconds:0} s");
            }
            Thread.Sleep(1);
        }
    }

    private static long? ReadMark(string file)
    {
        try
        {
            return long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long time) ? time : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
