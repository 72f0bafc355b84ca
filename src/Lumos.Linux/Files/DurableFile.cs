using System.Security.Cryptography;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>The pieces of a durable write: what is on the disk when each returns survives a power cut.</summary>
public static class DurableFile
{
    /// <summary>
    /// Replaces a file as a whole: temporary in the same directory, fsync, rename, fsync of the directory. A reader or a
    /// power cut meets the old content or the new, nothing between; on failure nothing is left behind.
    /// </summary>
    /// <param name="mode">Permission bits, whatever the umask.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, int mode)
    {
        string full = Path.GetFullPath(path);
        string directory = Path.GetDirectoryName(full) ?? throw new ArgumentException($"{path} names no file", nameof(path));
        string temporary = Path.Combine(directory, $".{Path.GetFileName(full)}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.tmp");
        bool renamed = false;
        using var file = FileDescriptorIo.Open(
            temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, 0x180 /* 0600 */);
        try
        {
            file.WriteAll(content);
            file.SetMode(mode);
            file.Sync();
            _ = SystemCall.Checked(Libc.rename(temporary, full), $"rename {temporary} to {full}");
            renamed = true;
        }
        finally
        {
            if (!renamed)
            {
                _ = Libc.unlink(temporary);
            }
        }
        SyncDirectory(directory);
    }

    /// <summary>Puts a directory's entries (names made, renamed, removed) on the disk.</summary>
    public static void SyncDirectory(string directory)
    {
        using var fd = FileDescriptorIo.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        fd.Sync();
    }

    /// <summary>Puts everything of every file system on the disk.</summary>
    public static void SyncAll() => Libc.sync();
}
