using System.Security.Cryptography;
using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>The pieces of a durable write: what is on the disk when each returns survives a power cut.</summary>
public static class DurableFile
{
    private const string Suffix = ".tmp";

    private const int HexDigits = 8;

    /// <summary>
    /// Replaces a file as a whole: temporary in the same directory, fsync, rename, fsync of the directory. A reader or a
    /// power cut meets the old content or the new, nothing between; on failure nothing is left behind.
    /// </summary>
    /// <param name="mode">Permission bits, whatever the umask.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, int mode)
    {
        string full = Path.GetFullPath(path);
        string temporary = WriteTemporary(full, content, mode, sync: true);
        Rename(temporary, full);
        SyncDirectory(Path.GetDirectoryName(full)!);
    }

    /// <summary>
    /// Replaces several files, each as a whole and in their order, with one fsync of each directory at the end: a power cut
    /// meets the first so many of them new and the rest old. On failure before the first is renamed, nothing has changed.
    /// </summary>
    /// <param name="sync">False: nothing is brought to the disk; the caller does it for all he writes.</param>
    public static void ReplaceAll(IReadOnlyList<FileContent> files, bool sync = true)
    {
        var temporaries = new List<(string Temporary, string Path)>();
        int renamed = 0;
        try
        {
            foreach (var file in files)
            {
                string full = Path.GetFullPath(file.Path);
                temporaries.Add((WriteTemporary(full, file.Content, file.Mode, sync), full));
            }
            for (; renamed < temporaries.Count; renamed++)
            {
                Rename(temporaries[renamed].Temporary, temporaries[renamed].Path);
            }
        }
        finally
        {
            foreach (var (temporary, _) in temporaries.Skip(renamed))
            {
                _ = Libc.unlink(temporary);
            }
        }
        foreach (string directory in sync ? temporaries.Select(t => Path.GetDirectoryName(t.Path)!).Distinct() : [])
        {
            SyncDirectory(directory);
        }
    }

    /// <summary>
    /// The file that a temporary of ours is of, by its name; null: it is none. A writer that is killed leaves its temporary behind.
    /// </summary>
    public static string? TargetOf(string temporary)
    {
        string name = Path.GetFileName(temporary);
        return name.StartsWith('.') && name.EndsWith(Suffix, StringComparison.Ordinal) && name.Length > 1 + HexDigits + 1 + Suffix.Length
            && name[^(Suffix.Length + HexDigits + 1)] == '.'
            ? Path.Combine(Path.GetDirectoryName(temporary) ?? "", name[1..^(Suffix.Length + HexDigits + 1)])
            : null;
    }

    /// <summary>Removes the temporaries of a file; nobody writes it now.</summary>
    public static void RemoveTemporaries(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(directory))
        {
            return;
        }
        foreach (string left in Directory.EnumerateFiles(directory, $".{Path.GetFileName(path)}.*{Suffix}").Where(file => TargetOf(file) == path))
        {
            _ = Libc.unlink(left);
        }
    }

    /// <summary>Puts a directory's entries (names made, renamed, removed) on the disk.</summary>
    public static void SyncDirectory(string directory)
    {
        using var fd = FileDescriptorIo.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        fd.Sync();
    }

    /// <summary>Puts everything of every file system on the disk.</summary>
    public static void SyncAll() => Libc.sync();

    /// <summary>Puts everything of the file system that a directory lies on on the disk.</summary>
    public static void SyncFileSystem(string directory)
    {
        using var fd = FileDescriptorIo.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        _ = SystemCall.Checked(Libc.syncfs(fd.Number), $"sync {directory}");
    }

    private static string WriteTemporary(string full, ReadOnlySpan<byte> content, int mode, bool sync)
    {
        string directory = Path.GetDirectoryName(full) ?? throw new ArgumentException($"{full} names no file", nameof(full));
        string temporary = Path.Combine(directory, $".{Path.GetFileName(full)}.{RandomNumberGenerator.GetHexString(HexDigits, lowercase: true)}{Suffix}");
        using var file = FileDescriptorIo.Open(
            temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, 0x180 /* 0600 */);
        try
        {
            file.WriteAll(content);
            file.SetMode(mode);
            if (sync)
            {
                file.Sync();
            }
        }
        catch (IOException)
        {
            _ = Libc.unlink(temporary);
            throw;
        }
        return temporary;
    }

    private static void Rename(string temporary, string path)
    {
        if (Libc.rename(temporary, path) < 0)
        {
            int errno = SystemCall.LastErrno;
            _ = Libc.unlink(temporary);
            throw new ErrnoException($"rename {temporary} to {path}", errno);
        }
    }
}

/// <summary>A file to be written as a whole.</summary>
/// <param name="Mode">Permission bits, whatever the umask.</param>
public sealed record FileContent(string Path, byte[] Content, int Mode)
{
    /// <summary>0644.</summary>
    public const int DefaultMode = 0x1a4;

    public static FileContent Text(string path, string content, int mode = DefaultMode) => new(path, Encoding.UTF8.GetBytes(content), mode);
}
