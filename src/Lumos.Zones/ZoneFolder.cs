using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;

namespace Lumos.Zones;

/// <summary>
/// A zone's own folder, ZONEPATH: its root, and beside it what the global zone keeps of it (config, logs, cores, volumes).
/// </summary>
/// <remarks>
/// No tenant reaches what is beside the root, so the global zone opens it by path. But the dataset came from an image or a stream, and whoever
/// made that decided what lies in it: a link called config, or root, would lead what we write, or the zone itself, to any place of
/// the machine. So what came from elsewhere is gone through once, before anything of it is used, and what could lead away is removed.
/// The snapshots that came with it are not: what is seen of those is opened without following links.
/// </remarks>
public static class ZoneFolder
{
    private const string Root = "root", Volumes = "volumes";

    /// <summary>A fresh clone of an image: the root alone is the image's to say, and it has to be a directory to stay.</summary>
    public static void KeepOnlyRoot(string zonePath)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(zonePath))
        {
            var kind = FileStatus.Of(entry).Kind;
            if (kind != FileKind.Directory)
            {
                File.Delete(entry);
            }
            else if (Path.GetFileName(entry) != Root)
            {
                Directory.Delete(entry, recursive: true);
            }
        }
    }

    /// <summary>A VM that was sent, attached or rolled back: what is neither a directory nor a file goes, wherever the global zone works.</summary>
    /// <returns>What was removed.</returns>
    public static IReadOnlyList<string> RemoveWhatLeadsAway(string zonePath)
    {
        var removed = new List<string>();
        if (Directory.Exists(zonePath))
        {
            Clean(zonePath, depth: 0, removed);
        }
        return removed;
    }

    /// <summary>A copy of the mount at the root of a zone's folder, of a snapshot's too.</summary>
    /// <exception cref="ErrnoException">It is no directory (ENOTDIR, a link too), or there is none.</exception>
    public static FileDescriptor CloneRoot(string zonePath)
    {
        using var root = OpenRoot(zonePath);
        return Mount.CloneTree($"/proc/self/fd/{root.Number}");
    }

    /// <summary>The root, which is a directory and no link.</summary>
    /// <exception cref="ErrnoException">ENOTDIR and others.</exception>
    public static FileDescriptor OpenRoot(string zonePath) =>
        FileDescriptorIo.Open(Path.Combine(zonePath, Root), OpenFlags.PathOnly | OpenFlags.Directory | OpenFlags.NoFollow);

    // The root and the volumes are the tenant's, whatever is in them: each is only ever entered as a root of its own.
    private static void Clean(string folder, int depth, List<string> removed)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder))
        {
            var kind = FileStatus.Of(entry).Kind;
            string name = Path.GetFileName(entry);
            if (kind is not (FileKind.Directory or FileKind.Regular))
            {
                File.Delete(entry);
                removed.Add(entry);
            }
            else if (kind == FileKind.Directory && !(depth == 0 && name == Root) && !(depth == 1 && Path.GetFileName(folder) == Volumes))
            {
                Clean(entry, depth + 1, removed);
            }
        }
    }
}
