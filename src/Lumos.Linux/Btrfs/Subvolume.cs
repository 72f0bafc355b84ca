using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Btrfs;

/// <summary>What the file system knows of a subvolume.</summary>
/// <param name="TreeId">Its number; never given twice in the life of a file system.</param>
/// <param name="ReceivedUuid">All zero unless it was received.</param>
/// <param name="CreatedIn">The transaction that made it.</param>
public sealed record SubvolumeInfo(
    ulong TreeId, Guid Uuid, Guid ReceivedUuid, ulong Generation, ulong CreatedIn, DateTimeOffset Created, bool ReadOnly);

/// <summary>
/// Subvolumes of a btrfs file system, by ioctl on the directory they lie in. A snapshot's call ends with a commit of the
/// file system's transaction: when it returns, the subvolume and every change of metadata made before it, anywhere in
/// the file system, is on the disk. The calls that make an empty one and that destroy one end without.
/// </summary>
public static unsafe class Subvolume
{
    private const ulong ReadOnlyFlag = 2;

    /// <summary>Makes an empty subvolume.</summary>
    /// <param name="groups">Quota groups that it is born into.</param>
    public static void Create(string path, params ReadOnlySpan<ulong> groups) => Make(path, null, readOnly: false, groups);

    /// <summary>Makes a subvolume that shares everything with another as it is at this instant.</summary>
    public static void Snapshot(string source, string path, bool readOnly, params ReadOnlySpan<ulong> groups)
    {
        using var from = FileDescriptorIo.Open(source, OpenFlags.ReadOnly | OpenFlags.Directory);
        Make(path, from, readOnly, groups);
    }

    /// <summary>Removes a subvolume and all it holds; its space comes back in the background.</summary>
    public static void Destroy(string path)
    {
        using var directory = FileDescriptorIo.Open(Path.GetDirectoryName(path)!, OpenFlags.ReadOnly | OpenFlags.Directory);
        var args = default(Libc.btrfs_ioctl_vol_args_v2);
        SetName(&args, path);
        _ = SystemCall.Checked(
            Libc.ioctl(directory.Number, Libc.BTRFS_IOC_SNAP_DESTROY_V2, &args), $"destroy subvolume {path}");
    }

    public static SubvolumeInfo Info(string path)
    {
        using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        var args = default(Libc.btrfs_ioctl_get_subvol_info_args);
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_GET_SUBVOL_INFO, &args), $"look at subvolume {path}");
        return new SubvolumeInfo(
            args.treeid, Uuid(args.uuid), Uuid(args.received_uuid), args.generation, args.otransid,
            DateTimeOffset.FromUnixTimeSeconds((long)args.otime.sec), (args.flags & 1) != 0);
    }

    /// <summary>Makes a subvolume read-only or writable again.</summary>
    public static void SetReadOnly(string path, bool readOnly)
    {
        using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        ulong flags;
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_SUBVOL_GETFLAGS, &flags), $"look at subvolume {path}");
        flags = readOnly ? flags | ReadOnlyFlag : flags & ~ReadOnlyFlag;
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_SUBVOL_SETFLAGS, &flags), $"set flags of subvolume {path}");
    }

    /// <summary>
    /// Writes a read-only subvolume as a stream of commands; returns when all is written. EPIPE: whoever read it went away.
    /// </summary>
    /// <param name="parent">TreeId of a read-only subvolume that the receiver has; 0: everything.</param>
    public static void Send(string path, FileDescriptor output, ulong parent)
    {
        using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        var args = new Libc.btrfs_ioctl_send_args { send_fd = output.Number, parent_root = parent };
        ulong source = parent;
        if (parent != 0)
        {
            args.clone_sources = &source;
            args.clone_sources_count = 1;
        }
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_SEND, &args), $"send subvolume {path}");
        GC.KeepAlive(output);
    }

    /// <summary>The file system's own identifier, as /sys/fs/btrfs names it.</summary>
    public static Guid FileSystemId(string path)
    {
        using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        var args = default(Libc.btrfs_ioctl_fs_info_args);
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.BTRFS_IOC_FS_INFO, &args), $"look at the file system of {path}");
        return Uuid(args.fsid);
    }

    private static void Make(string path, FileDescriptor? source, bool readOnly, ReadOnlySpan<ulong> groups)
    {
        using var directory = FileDescriptorIo.Open(Path.GetDirectoryName(path)!, OpenFlags.ReadOnly | OpenFlags.Directory);
        var args = new Libc.btrfs_ioctl_vol_args_v2
        {
            fd = source?.Number ?? 0,
            flags = readOnly ? Libc.BTRFS_SUBVOL_RDONLY : 0,
        };
        SetName(&args, path);
        int size = sizeof(Libc.btrfs_qgroup_inherit) + groups.Length * sizeof(ulong);
        byte* space = stackalloc byte[size];
        if (!groups.IsEmpty)
        {
            var inherit = (Libc.btrfs_qgroup_inherit*)space;
            *inherit = new Libc.btrfs_qgroup_inherit { num_qgroups = (ulong)groups.Length };
            groups.CopyTo(new Span<ulong>(space + sizeof(Libc.btrfs_qgroup_inherit), groups.Length));
            args.flags |= Libc.BTRFS_SUBVOL_QGROUP_INHERIT;
            args.size = (ulong)size;
            args.qgroup_inherit = inherit;
        }
        ulong call = source is null ? Libc.BTRFS_IOC_SUBVOL_CREATE_V2 : Libc.BTRFS_IOC_SNAP_CREATE_V2;
        _ = SystemCall.Checked(Libc.ioctl(directory.Number, call, &args), $"make subvolume {path}");
        GC.KeepAlive(source);
    }

    private static void SetName(Libc.btrfs_ioctl_vol_args_v2* args, string path)
    {
        const int longest = 255;
        byte[] name = Encoding.UTF8.GetBytes(Path.GetFileName(path));
        if (name.Length is 0 or > longest)
        {
            throw new ErrnoException($"subvolume {path}", Errno.ENAMETOOLONG);
        }
        name.CopyTo(new Span<byte>(args->name, longest));
    }

    private static Guid Uuid(byte* bytes) => new(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true);
}
