using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>
/// A directory that paths cannot leave: the only way the global zone touches files inside a zone's root.
/// </summary>
/// <remarks>
/// Purpose: whoever is root in a zone may plant links and swap directories while we work. openat2 with RESOLVE_IN_ROOT makes
/// the kernel resolve every path, link and ".." as if the directory were /, atomically against renames;
/// RESOLVE_NO_MAGICLINKS keeps /proc/PID/fd jumps out. Makers and removers open the parent that way and act on one last
/// name, which those calls never follow. Reading first opens the name alone (O_PATH) and looks at its type, so that a FIFO
/// or a device planted by a tenant neither blocks us nor acts.
/// Owners are numbers as on the disk (a zone's root is 0), not as the zone's user namespace maps them.
/// Failure: every call throws ErrnoException with the path as the zone sees it; EAGAIN (the tree changed while it was
/// walked) is tried again a few times first.
/// </remarks>
public sealed unsafe partial class RootedDirectory : IDisposable
{
    private const int Attempts = 16;

    private readonly FileDescriptor _root;

    private RootedDirectory(FileDescriptor root) => _root = root;

    /// <summary>The directory itself, for calls that take a descriptor.</summary>
    public FileDescriptor Handle => _root;

    /// <param name="path">Trusted: its own links are followed.</param>
    public static RootedDirectory Open(string path) =>
        new(FileDescriptorIo.Open(path, OpenFlags.PathOnly | OpenFlags.Directory));

    /// <summary>A directory below as a root of its own.</summary>
    public RootedDirectory OpenSubdirectory(string path) =>
        new(Resolve(path, OpenFlags.PathOnly | OpenFlags.Directory, 0));

    /// <summary>Opens anything by flags; the caller answers for what opening a FIFO or device means.</summary>
    public FileDescriptor Resolve(string path, OpenFlags flags, int mode = 0)
    {
        byte[] name = Encoding.UTF8.GetBytes(Checked(path) + '\0');
        var how = new Libc.open_how
        {
            flags = (ulong)flags | Libc.O_CLOEXEC,
            mode = (ulong)mode,
            resolve = Libc.RESOLVE_IN_ROOT | Libc.RESOLVE_NO_MAGICLINKS,
        };
        for (int attempt = 1; ; attempt++)
        {
            long fd;
            fixed (byte* p = name)
            {
                fd = Libc.syscall(Libc.SYS_openat2, _root.Number, (long)p, (long)&how, sizeof(Libc.open_how), 0);
            }
            if (fd >= 0)
            {
                return new FileDescriptor((int)fd);
            }
            int errno = SystemCall.LastErrno;
            if (errno != Errno.EINTR && (errno != Errno.EAGAIN || attempt == Attempts))
            {
                throw new ErrnoException($"open {path}", errno);
            }
        }
    }

    /// <summary>What is at the path; a link in its last part is not followed. Null: nothing.</summary>
    public FileStatus? Status(string path)
    {
        try
        {
            using var fd = Resolve(path, OpenFlags.PathOnly | OpenFlags.NoFollow);
            return FileStatus.Of(fd);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    public bool Exists(string path) => Status(path) is not null;

    /// <summary>Opens a regular file for reading; anything else is refused with EINVAL.</summary>
    public FileDescriptor OpenRead(string path)
    {
        using var handle = Resolve(path, OpenFlags.PathOnly);
        if (FileStatus.Of(handle).Kind != FileKind.Regular)
        {
            throw new ErrnoException($"read {path}, which is not a regular file", Errno.EINVAL);
        }
        return FileDescriptorIo.Open($"/proc/self/fd/{handle.Number}", OpenFlags.ReadOnly);
    }

    /// <summary>Reads a regular file.</summary>
    /// <param name="most">Refuses more bytes than this (EFBIG): a tenant decides how long its files are.</param>
    public byte[] Read(string path, int most = 1 << 20)
    {
        using var fd = OpenRead(path);
        using var all = new MemoryStream();
        byte[] buffer = new byte[16384];
        int got;
        while ((got = fd.Read(buffer)) > 0)
        {
            all.Write(buffer, 0, got);
            if (all.Length > most)
            {
                throw new ErrnoException($"read {path}, which is longer than {most} bytes", Errno.EFBIG);
            }
        }
        return all.ToArray();
    }

    /// <inheritdoc cref="Read(string, int)"/>
    public string ReadText(string path, int most = 1 << 20) => Encoding.UTF8.GetString(Read(path, most));

    /// <summary>Makes one directory; false when something of that name is there.</summary>
    public bool MakeDirectory(string path, int mode = 0x1ed, uint user = 0, uint group = 0)
    {
        using var parent = OpenParent(path, out string name);
        if (Libc.mkdirat(parent.Number, name, 0x1c0) != 0)
        {
            int errno = SystemCall.LastErrno;
            return errno == Errno.EEXIST ? false : throw new ErrnoException($"mkdir {path}", errno);
        }
        using var made = new FileDescriptor(SystemCall.Checked(
            Libc.openat(parent.Number, name, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0), $"mkdir {path}"));
        made.SetOwner(user, group);
        made.SetMode(mode);
        return true;
    }

    /// <summary>Makes a directory and what is missing above it.</summary>
    public void MakeDirectories(string path, int mode = 0x1ed)
    {
        string sofar = "";
        foreach (string part in Checked(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            sofar += "/" + part;
            MakeDirectory(sofar, mode);
        }
    }

    /// <summary>Makes a symbolic link; its text is kept as it is.</summary>
    public void MakeLink(string path, string target)
    {
        using var parent = OpenParent(path, out string name);
        _ = SystemCall.Checked(Libc.symlinkat(target, parent.Number, name), $"link {path}");
    }

    /// <summary>Removes a file or link; false when there is none.</summary>
    public bool Remove(string path) => Unlink(path, 0);

    /// <summary>Removes an empty directory; false when there is none.</summary>
    public bool RemoveDirectory(string path) => Unlink(path, Libc.AT_REMOVEDIR);

    /// <summary>Renames within this root; what is at the new name is replaced.</summary>
    public void Rename(string from, string to)
    {
        using var source = OpenParent(from, out string oldName);
        using var target = OpenParent(to, out string newName);
        _ = SystemCall.Checked(Libc.renameat(source.Number, oldName, target.Number, newName), $"rename {from} to {to}");
        Sync(target);
    }

    /// <summary>Changes an owner; a link itself, never what it points to.</summary>
    public void SetOwner(string path, uint user, uint group)
    {
        using var parent = OpenParent(path, out string name);
        _ = SystemCall.Checked(Libc.fchownat(parent.Number, name, user, group, Libc.AT_SYMLINK_NOFOLLOW), $"chown {path}");
    }

    public void Dispose() => _root.Dispose();

    private bool Unlink(string path, int flags)
    {
        try
        {
            using var parent = OpenParent(path, out string name);
            _ = SystemCall.Checked(Libc.unlinkat(parent.Number, name, flags), $"remove {path}");
            return true;
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    private FileDescriptor OpenParent(string path, out string name)
    {
        string trimmed = Checked(path).TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        name = trimmed[(slash + 1)..];
        if (name is "" or "." or "..")
        {
            throw new ErrnoException($"\"{path}\" names no entry of a directory", Errno.EINVAL);
        }
        return Resolve(slash <= 0 ? "/" : trimmed[..slash], OpenFlags.PathOnly | OpenFlags.Directory);
    }

    private static string Checked(string path) =>
        path.Contains('\0') ? throw new ErrnoException("a path with a NUL in it", Errno.EINVAL) : path.Length == 0 ? "." : path;
}
