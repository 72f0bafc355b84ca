using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>
/// Copies a tree of files with modes, owners, times and links, onto what is there already. Only for trees of our own: it
/// goes by paths, so nobody else may write at either end. Stays on the source's file system; devices, sockets and
/// pipes are left out.
/// </summary>
public static unsafe class TreeCopy
{
    /// <summary>Copies a directory's content (and its own mode and owner) to another, which is made when missing.</summary>
    public static void Copy(string from, string to)
    {
        var status = FileStatus.Of(from);
        CopyDirectory(from, to, status, (status.FsMajor, status.FsMinor));
    }

    /// <summary>Removes a tree without leaving its file system; what is mounted on, or cannot go, stays. Follows no links.</summary>
    public static void RemoveContent(string directory)
    {
        var status = FileStatus.Of(directory);
        RemoveContent(directory, (status.FsMajor, status.FsMinor));
    }

    private static void CopyDirectory(string from, string to, FileStatus status, (uint, uint) fileSystem)
    {
        if (!Directory.Exists(to))
        {
            _ = SystemCall.Checked(Libc.mkdirat(Libc.AT_FDCWD, to, 0x1c0), $"mkdir {to}");
        }
        foreach (string source in Directory.EnumerateFileSystemEntries(from))
        {
            string target = Path.Combine(to, Path.GetFileName(source));
            var each = FileStatus.Of(source);
            switch (each.Kind)
            {
                case FileKind.Directory when (each.FsMajor, each.FsMinor) == fileSystem:
                    CopyDirectory(source, target, each, fileSystem);
                    break;
                case FileKind.Regular:
                    CopyFile(source, target, each);
                    break;
                case FileKind.Link:
                    CopyLink(source, target, each);
                    break;
            }
        }
        Own(to, status);
    }

    private static void CopyFile(string from, string to, FileStatus status)
    {
        _ = Libc.unlink(to); // a link in the place must not be written through
        using (var source = FileDescriptorIo.Open(from, OpenFlags.ReadOnly | OpenFlags.NoFollow))
        using (var target = FileDescriptorIo.Open(to, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, 0x180))
        {
            Span<byte> buffer = new byte[65536];
            int got;
            while ((got = source.Read(buffer)) > 0)
            {
                target.WriteAll(buffer[..got]);
            }
        }
        Own(to, status);
    }

    private static void CopyLink(string from, string to, FileStatus status)
    {
        _ = Libc.unlink(to);
        string text = new FileInfo(from).LinkTarget ?? throw new ErrnoException($"readlink {from}", Errno.EINVAL);
        _ = SystemCall.Checked(Libc.symlinkat(text, Libc.AT_FDCWD, to), $"link {to}");
        Own(to, status);
    }

    private static void Own(string path, FileStatus status)
    {
        _ = SystemCall.Checked(
            Libc.fchownat(Libc.AT_FDCWD, path, status.User, status.Group, Libc.AT_SYMLINK_NOFOLLOW), $"chown {path}");
        if (status.Kind != FileKind.Link)
        {
            File.SetUnixFileMode(path, (UnixFileMode)status.Mode); // after chown, which clears set-id bits
        }
        long ticks = status.Modified.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        var times = stackalloc Libc.timespec[2];
        times[0] = times[1] = new Libc.timespec { tv_sec = ticks / TimeSpan.TicksPerSecond, tv_nsec = ticks % TimeSpan.TicksPerSecond * 100 };
        _ = SystemCall.Checked(Libc.utimensat(Libc.AT_FDCWD, path, times, Libc.AT_SYMLINK_NOFOLLOW), $"set the time of {path}");
    }

    private static void RemoveContent(string directory, (uint, uint) fileSystem)
    {
        foreach (string path in Directory.GetFileSystemEntries(directory))
        {
            var status = FileStatus.Of(path);
            if ((status.FsMajor, status.FsMinor) != fileSystem)
            {
                continue;
            }
            if (status.Kind == FileKind.Directory)
            {
                RemoveContent(path, fileSystem);
                _ = Libc.unlinkat(Libc.AT_FDCWD, path, Libc.AT_REMOVEDIR); // stays while something is mounted below
            }
            else
            {
                _ = Libc.unlink(path);
            }
        }
    }
}
