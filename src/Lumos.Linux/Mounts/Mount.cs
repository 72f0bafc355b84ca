using System.Runtime.InteropServices;
using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Mounts;

/// <summary>Flags of mount(2).</summary>
[Flags]
public enum MountFlags : ulong
{
    None = 0,
    ReadOnly = Libc.MS_RDONLY,
    NoSuid = Libc.MS_NOSUID,
    NoDev = Libc.MS_NODEV,
    NoExec = Libc.MS_NOEXEC,
    Remount = Libc.MS_REMOUNT,
    NoAccessTime = Libc.MS_NOATIME,
    Bind = Libc.MS_BIND,
    Move = Libc.MS_MOVE,
    Recursive = Libc.MS_REC,
    Private = Libc.MS_PRIVATE,
    Slave = Libc.MS_SLAVE,
    Shared = Libc.MS_SHARED,
}

/// <summary>Attributes of mount_setattr(2).</summary>
[Flags]
public enum MountAttributes : ulong
{
    None = 0,
    ReadOnly = Libc.MOUNT_ATTR_RDONLY,
    NoSuid = Libc.MOUNT_ATTR_NOSUID,
    NoDev = Libc.MOUNT_ATTR_NODEV,
    NoExec = Libc.MOUNT_ATTR_NOEXEC,
    NoSymlinkFollow = Libc.MOUNT_ATTR_NOSYMFOLLOW,
    NoAccessTime = Libc.MOUNT_ATTR_NOATIME,
}

/// <summary>
/// Mounting. Two ways: the old call by paths (<see cref="At"/>, <see cref="Bind"/>) and detached trees
/// (<see cref="CloneTree"/>, <see cref="SetAttributes"/>, <see cref="Attach(FileDescriptor, string)"/>), which can be given a user
/// namespace's view of the ids before anybody sees them.
/// </summary>
public static unsafe class Mount
{
    /// <summary>Mounts a file system. <paramref name="data"/> holds its own options.</summary>
    /// <exception cref="ErrnoException">Names the type, source and target.</exception>
    public static void At(string? source, string target, string? type, MountFlags flags = MountFlags.None, string? data = null) =>
        _ = SystemCall.Checked(
            Libc.mount(source, target, type, (ulong)flags, data), $"mount {type ?? ""} {source ?? ""} at {target}".Replace("  ", " "));

    /// <summary>Binds a directory or file at another place; read-only takes the second call that the kernel wants.</summary>
    public static void Bind(string source, string target, bool readOnly = false, bool recursive = false)
    {
        At(source, target, null, MountFlags.Bind | (recursive ? MountFlags.Recursive : 0));
        if (readOnly)
        {
            At(null, target, null, MountFlags.Bind | MountFlags.Remount | MountFlags.ReadOnly);
        }
    }

    /// <summary>Moves a mount to another place.</summary>
    public static void Move(string source, string target) => At(source, target, null, MountFlags.Move);

    /// <summary>Unmounts; never follows a link in the last part.</summary>
    /// <param name="lazily">Out of sight now, gone when the last user is.</param>
    public static void Detach(string target, bool lazily = false) =>
        _ = SystemCall.Checked(
            Libc.umount2(target, Libc.UMOUNT_NOFOLLOW | (lazily ? Libc.MNT_DETACH : 0)), $"unmount {target}");

    /// <summary>As <see cref="Detach"/>; false when nothing is mounted there.</summary>
    public static bool TryDetach(string target, bool lazily = false)
    {
        if (Libc.umount2(target, Libc.UMOUNT_NOFOLLOW | (lazily ? Libc.MNT_DETACH : 0)) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno is Errno.EINVAL or Errno.ENOENT ? false : throw new ErrnoException($"unmount {target}", errno);
    }

    /// <summary>A copy of the mount at a path, attached nowhere; it is gone when the descriptor closes unattached.</summary>
    public static FileDescriptor CloneTree(string path, bool recursive = false)
    {
        uint flags = Libc.OPEN_TREE_CLONE | Libc.OPEN_TREE_CLOEXEC | (recursive ? (uint)Libc.AT_RECURSIVE : 0);
        byte[] name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* p = name)
        {
            long fd = Libc.syscall(Libc.SYS_open_tree, Libc.AT_FDCWD, (long)p, flags, 0, 0);
            return new FileDescriptor((int)SystemCall.Checked(fd, $"open_tree {path}"));
        }
    }

    /// <summary>
    /// Changes a detached tree. With <paramref name="userNamespace"/> (an open /proc/PID/ns/user) its ids are shown as that
    /// namespace maps them: file owner 0 on the disk is the zone's root, no chown needed.
    /// </summary>
    public static void SetAttributes(
        FileDescriptor tree, MountAttributes attributes, FileDescriptor? userNamespace = null, bool recursive = false)
    {
        var attr = new Libc.mount_attr { attr_set = (ulong)attributes };
        if (attributes.HasFlag(MountAttributes.NoAccessTime))
        {
            attr.attr_clr = Libc.MOUNT_ATTR__ATIME; // times of access are one choice of several: the others go
        }
        if (userNamespace is not null)
        {
            attr.attr_set |= Libc.MOUNT_ATTR_IDMAP;
            attr.userns_fd = (ulong)userNamespace.Number;
        }
        byte empty = 0;
        long result = Libc.syscall(
            Libc.SYS_mount_setattr, tree.Number, (long)&empty, Libc.AT_EMPTY_PATH | (recursive ? Libc.AT_RECURSIVE : 0),
            (long)&attr, sizeof(Libc.mount_attr));
        _ = SystemCall.Checked(result, "mount_setattr");
        GC.KeepAlive(userNamespace);
    }

    /// <summary>Makes a detached copy take over what is mounted in its shared original from now on, and give nothing back.</summary>
    public static void MakeSlave(FileDescriptor tree)
    {
        var attr = new Libc.mount_attr { propagation = Libc.MS_SLAVE };
        byte empty = 0;
        long result = Libc.syscall(Libc.SYS_mount_setattr, tree.Number, (long)&empty, Libc.AT_EMPTY_PATH, (long)&attr, sizeof(Libc.mount_attr));
        _ = SystemCall.Checked(result, "mount_setattr");
    }

    /// <summary>Gives what is mounted at a path exactly these attributes of the ones that turn something off, and no others.</summary>
    public static void ReplaceAttributes(string path, MountAttributes attributes)
    {
        const MountAttributes all = MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoDev | MountAttributes.NoExec;
        var attr = new Libc.mount_attr { attr_set = (ulong)attributes, attr_clr = (ulong)(all & ~attributes) | Libc.MOUNT_ATTR__ATIME };
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            long result = Libc.syscall(Libc.SYS_mount_setattr, Libc.AT_FDCWD, (long)p, 0, (long)&attr, sizeof(Libc.mount_attr));
            _ = SystemCall.Checked(result, $"mount_setattr {path}");
        }
    }

    /// <summary>Attaches a detached tree at a path.</summary>
    public static void Attach(FileDescriptor tree, string target)
    {
        byte empty = 0;
        fixed (byte* p = Encoding.UTF8.GetBytes(target + '\0'))
        {
            long result = Libc.syscall(
                Libc.SYS_move_mount, tree.Number, (long)&empty, Libc.AT_FDCWD, (long)p, Libc.MOVE_MOUNT_F_EMPTY_PATH);
            _ = SystemCall.Checked(result, $"attach a mount at {target}");
        }
    }

    /// <summary>Attaches a detached tree at an open directory or file (for places inside a zone's root).</summary>
    public static void Attach(FileDescriptor tree, FileDescriptor target)
    {
        byte empty = 0;
        long result = Libc.syscall(
            Libc.SYS_move_mount, tree.Number, (long)&empty, target.Number, (long)&empty,
            Libc.MOVE_MOUNT_F_EMPTY_PATH | Libc.MOVE_MOUNT_T_EMPTY_PATH);
        _ = SystemCall.Checked(result, "attach a mount");
    }

    /// <summary>Makes no mount of ours spread to other mount namespaces, nor theirs to us.</summary>
    public static void MakePrivate(string target = "/") =>
        At(null, target, null, MountFlags.Private | MountFlags.Recursive);

    /// <summary>Takes mounts that others make, gives none back: for a namespace that is a view of theirs.</summary>
    public static void MakeSlave(string target = "/") =>
        At(null, target, null, MountFlags.Slave | MountFlags.Recursive);

    /// <summary>
    /// Makes a mounted directory the root of the caller's mount namespace and lets go of the old root. Threads and processes whose
    /// root and working directory were the old one are moved along.
    /// </summary>
    public static void PivotRoot(string newRoot)
    {
        _ = SystemCall.Checked(Libc.chdir(newRoot), $"chdir {newRoot}");
        fixed (byte* here = "."u8.ToArray().Append((byte)0).ToArray())
        {
            // Both in one place: the old root lands on top of the new one, from where it can be taken off.
            _ = SystemCall.Checked(Libc.syscall(Libc.SYS_pivot_root, (long)here, (long)here, 0, 0, 0), $"pivot_root {newRoot}");
        }
        _ = SystemCall.Checked(Libc.umount2(".", Libc.MNT_DETACH), "unmount the old root");
        _ = SystemCall.Checked(Libc.chdir("/"), "chdir /");
    }
}
