using Lumos.Linux.Interop;

namespace Lumos.Linux.Mounts;

/// <summary>Size and free space of a file system, in bytes; <paramref name="Magic"/> tells its type (statfs f_type).</summary>
public sealed record FileSystemUsage(long Magic, long Total, long Free, long Available)
{
    public const long TmpfsMagic = 0x01021994, RamfsMagic = 0x858458f6, Cgroup2Magic = 0x63677270, ZfsMagic = 0x2fc12fc1,
        SquashfsMagic = 0x73717368, BtrfsMagic = 0x9123683e;

    public static unsafe FileSystemUsage Of(string path)
    {
        Libc.statfs s;
        _ = SystemCall.Checked(Libc.statfs_path(path, &s), $"statfs {path}");
        return new FileSystemUsage(s.f_type, (long)s.f_blocks * s.f_bsize, (long)s.f_bfree * s.f_bsize, (long)s.f_bavail * s.f_bsize);
    }
}
