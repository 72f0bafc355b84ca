using System.Text;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Files;

/// <summary>
/// Writes a file as a whole or not at all (temporary in the same directory → fsync → rename → fsync of the directory).
/// For files of the global zone only; inside a zone's root use Lumos.Linux.Files.RootedDirectory.
/// </summary>
public static class AtomicFile
{
    /// <param name="mode">Permission bits, whatever the umask; default 0644.</param>
    /// <exception cref="Lumos.Linux.ErrnoException">ENOSPC, EROFS, ENOENT (no such directory) …</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, int mode = FileContent.DefaultMode) =>
        DurableFile.Replace(path, content, mode);

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, int)"/>
    public static void Write(string path, string content, int mode = FileContent.DefaultMode) =>
        DurableFile.Replace(path, Encoding.UTF8.GetBytes(content), mode);

    /// <summary>
    /// Writes files that belong together, in their order, for one fsync of each directory: what a later one relies on stands
    /// before it.
    /// </summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, int)"/>
    public static void WriteAll(params IReadOnlyList<FileContent> files) => DurableFile.ReplaceAll(files);

    /// <summary>The same without an fsync: the caller brings all that he writes to the disk at once.</summary>
    public static void WriteAllUnsynced(params IReadOnlyList<FileContent> files) => DurableFile.ReplaceAll(files, sync: false);

    /// <summary>A text to be written by <see cref="WriteAll"/>.</summary>
    public static FileContent Text(string path, string content, int mode = FileContent.DefaultMode) => FileContent.Text(path, content, mode);

    /// <summary>
    /// Removes what writers of this file that were killed have left beside it. The caller holds the lock that writers of it hold.
    /// </summary>
    public static void RemoveTemporaries(string path) => DurableFile.RemoveTemporaries(Path.GetFullPath(path));

    /// <summary>Removes a file for good (fsync of its directory); one that is not there is no error.</summary>
    public static void Remove(string path)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            return;
        }
        File.Delete(full);
        DurableFile.SyncDirectory(Path.GetDirectoryName(full)!);
    }
}
