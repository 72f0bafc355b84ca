using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>The kind of a directory entry.</summary>
public enum FileKind
{
    Other,
    Regular,
    Directory,
    Link,
    CharacterDevice,
    BlockDevice,
    Fifo,
    Socket,
}

/// <summary>What statx(2) tells of a file; links are not followed.</summary>
/// <param name="Mode">Permission bits with set-id and sticky bits, no type.</param>
public sealed record FileStatus(
    FileKind Kind, int Mode, uint User, uint Group, long Size, uint DeviceMajor, uint DeviceMinor, uint FsMajor, uint FsMinor, ulong Inode, DateTimeOffset Modified)
{
    /// <summary>How many names it has.</summary>
    public uint Links { get; init; } = 1;

    /// <exception cref="ErrnoException">ENOENT and others.</exception>
    public static FileStatus Of(string path) => At(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW);

    public static FileStatus Of(FileDescriptor fd) => At(fd.Number, "", Libc.AT_EMPTY_PATH);

    internal static unsafe FileStatus At(int directory, string path, int flags)
    {
        Libc.statx s;
        _ = SystemCall.Checked(Libc.statx_at(directory, path, flags, Libc.STATX_BASIC_STATS, &s), $"stat {path}".TrimEnd());
        var kind = (s.stx_mode & Libc.S_IFMT) switch
        {
            Libc.S_IFREG => FileKind.Regular,
            Libc.S_IFDIR => FileKind.Directory,
            Libc.S_IFLNK => FileKind.Link,
            Libc.S_IFCHR => FileKind.CharacterDevice,
            Libc.S_IFBLK => FileKind.BlockDevice,
            Libc.S_IFIFO => FileKind.Fifo,
            Libc.S_IFSOCK => FileKind.Socket,
            _ => FileKind.Other,
        };
        return new FileStatus(
            kind, s.stx_mode & 0xfff, s.stx_uid, s.stx_gid, (long)s.stx_size, s.stx_rdev_major, s.stx_rdev_minor, s.stx_dev_major,
            s.stx_dev_minor, s.stx_ino, DateTimeOffset.FromUnixTimeSeconds(s.stx_mtime.tv_sec).AddTicks(s.stx_mtime.tv_nsec / 100)) { Links = s.stx_nlink };
    }
}
