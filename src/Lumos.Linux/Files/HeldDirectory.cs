using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>A moment as a file has it; before 1970 the seconds are negative.</summary>
public readonly record struct FileTime(long Seconds, int Nanoseconds);

/// <summary>
/// A directory held open, for making entries whose names come from somebody else. Every call takes one name, as the bytes
/// that it has on a disk, and acts on that entry of this directory alone: a name with a slash, "." and ".." are refused
/// here, links are never followed, and what is there already is never replaced (EEXIST).
/// </summary>
/// <remarks>
/// <see cref="RootedDirectory"/> follows paths that somebody else may change meanwhile; this is for trees that nobody else
/// knows yet, where the names are what cannot be trusted.
/// </remarks>
public sealed unsafe class HeldDirectory : IDisposable
{
    public const int LongestName = 255;

    private readonly FileDescriptor _fd;

    private HeldDirectory(FileDescriptor fd) => _fd = fd;

    /// <param name="path">Trusted: its links are followed.</param>
    public static HeldDirectory Open(string path) => new(FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory));

    /// <summary>A directory that is open already, for reading; it is this one's to close from now on.</summary>
    public static HeldDirectory Owning(FileDescriptor fd) => new(fd);

    /// <summary>The directory itself, for its own owner, mode, times and attributes.</summary>
    public FileDescriptor Handle => _fd;

    /// <summary>False for what can be no entry: empty, ".", "..", longer than 255 bytes, with a slash or a NUL.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= LongestName && !name.ContainsAny((byte)'/', (byte)0) && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8);

    /// <exception cref="ErrnoException">ENOTDIR for a link, whatever it points to.</exception>
    public HeldDirectory OpenDirectory(ReadOnlySpan<byte> name) =>
        new(OpenEntry(name, Libc.O_RDONLY | Libc.O_DIRECTORY, 0));

    /// <summary>Opens what is there; a link is ELOOP.</summary>
    public FileDescriptor OpenFile(ReadOnlySpan<byte> name, OpenFlags flags) => OpenEntry(name, (int)flags, 0);

    /// <summary>Makes a file, open for reading and writing.</summary>
    public FileDescriptor MakeFile(ReadOnlySpan<byte> name, int mode) =>
        OpenEntry(name, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, (uint)mode);

    public void MakeDirectory(ReadOnlySpan<byte> name, int mode)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.mkdirat(_fd.Number, Raw(name, raw), (uint)mode), "mkdir", name);
    }

    /// <param name="target">The link's text, kept as it is.</param>
    public void MakeLink(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        if (target.Contains((byte)0))
        {
            throw new ErrnoException("a link with a NUL in it", Errno.EINVAL);
        }
        byte[] text = [.. target, 0];
        fixed (byte* p = text)
        {
            _ = Checked(Libc.symlinkat(p, _fd.Number, Raw(name, raw)), "link", name);
        }
    }

    /// <summary>Makes a device, FIFO or socket.</summary>
    public void MakeNode(ReadOnlySpan<byte> name, FileKind kind, int mode, uint major = 0, uint minor = 0)
    {
        uint type = kind switch
        {
            FileKind.CharacterDevice => Libc.S_IFCHR,
            FileKind.BlockDevice => Libc.S_IFBLK,
            FileKind.Fifo => Libc.S_IFIFO,
            FileKind.Socket => Libc.S_IFSOCK,
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        if (major > 0xfff || minor > 0xfffff)
        {
            throw new ErrnoException($"mknod of device {major}:{minor}", Errno.EINVAL); // the kernel keeps 12 and 20 bits
        }
        byte* raw = stackalloc byte[LongestName + 1];
        ulong device = ((ulong)major << 8) | (minor & 0xff) | ((ulong)(minor & ~0xffu) << 12);
        _ = Checked(Libc.mknodat(_fd.Number, Raw(name, raw), type | (uint)mode, device), "mknod", name);
    }

    /// <summary>Moves an entry to another directory.</summary>
    public void Move(ReadOnlySpan<byte> name, HeldDirectory to, ReadOnlySpan<byte> newName)
    {
        byte* raw = stackalloc byte[LongestName + 1], rawNew = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.renameat2(_fd.Number, Raw(name, raw), to._fd.Number, Raw(newName, rawNew), Libc.RENAME_NOREPLACE), "rename", newName);
    }

    /// <summary>Makes a second name for a file (or for a symbolic link itself).</summary>
    public void Link(ReadOnlySpan<byte> name, HeldDirectory to, ReadOnlySpan<byte> newName)
    {
        byte* raw = stackalloc byte[LongestName + 1], rawNew = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.linkat(_fd.Number, Raw(name, raw), to._fd.Number, Raw(newName, rawNew), 0), "link", newName);
    }

    public void Remove(ReadOnlySpan<byte> name)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.unlinkat(_fd.Number, Raw(name, raw), 0), "remove", name);
    }

    public void RemoveDirectory(ReadOnlySpan<byte> name)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.unlinkat(_fd.Number, Raw(name, raw), Libc.AT_REMOVEDIR), "rmdir", name);
    }

    public void SetOwner(ReadOnlySpan<byte> name, uint user, uint group)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.fchownat(_fd.Number, Raw(name, raw), user, group, Libc.AT_SYMLINK_NOFOLLOW), "chown", name);
    }

    /// <summary>Only for what is known to be no link: the kernel would follow it.</summary>
    public void SetMode(ReadOnlySpan<byte> name, int mode)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Checked(Libc.fchmodat(_fd.Number, Raw(name, raw), (uint)mode, 0), "chmod", name);
    }

    public void SetTimes(ReadOnlySpan<byte> name, FileTime accessed, FileTime modified)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        var times = stackalloc Libc.timespec[2];
        FileAttributesIo.Fill(times, accessed, modified);
        _ = Checked(Libc.utimensat(_fd.Number, Raw(name, raw), times, Libc.AT_SYMLINK_NOFOLLOW), "set the time of", name);
    }

    /// <summary>Sets an extended attribute of an entry; of a link itself.</summary>
    public void SetAttribute(ReadOnlySpan<byte> name, string attribute, ReadOnlySpan<byte> value)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        _ = Raw(name, raw); // refuses what is no name
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{_fd.Number}/"), .. name, 0];
        byte[] key = Encoding.UTF8.GetBytes(attribute + '\0');
        fixed (byte* p = path, k = key, v = value)
        {
            byte none;
            _ = Checked(Libc.lsetxattr(p, k, v is null ? &none : v, (nuint)value.Length, 0), $"set {attribute} of", name);
        }
    }

    /// <summary>What is there, a link itself; null: nothing.</summary>
    public FileStatus? Status(ReadOnlySpan<byte> name)
    {
        try
        {
            using var entry = OpenEntry(name, Libc.O_PATH, 0);
            return FileStatus.Of(entry);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>The text of a symbolic link.</summary>
    public byte[] LinkText(ReadOnlySpan<byte> name)
    {
        const int most = 4096;
        byte* raw = stackalloc byte[LongestName + 1];
        byte[] text = new byte[most];
        fixed (byte* p = text)
        {
            return text[..Checked((int)Libc.readlinkat(_fd.Number, Raw(name, raw), p, most), "read link", name)];
        }
    }

    /// <summary>The names of at most so many entries.</summary>
    public IReadOnlyList<byte[]> Names(int most = int.MaxValue)
    {
        // A descriptor of its own: reading moves the position.
        using var fd = new FileDescriptor(SystemCall.Checked(
            Libc.openat(_fd.Number, ".", Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0), "open directory"));
        var names = new List<byte[]>();
        byte[] buffer = new byte[32768];
        fixed (byte* start = buffer)
        {
            nint got;
            while (names.Count < most && (got = (nint)SystemCall.Checked((long)Libc.getdents64(fd.Number, start, (nuint)buffer.Length), "read directory")) > 0)
            {
                for (byte* p = start; p < start + got; p += ((Libc.dirent64*)p)->d_reclen)
                {
                    var name = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(((Libc.dirent64*)p)->d_name);
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8) && names.Count < most)
                    {
                        names.Add(name.ToArray());
                    }
                }
            }
        }
        return names;
    }

    /// <summary>
    /// Removes everything below, however deep: directories come up to this level one after the other, so neither the stack
    /// nor the length of a path matters. Follows no links. Other file systems mounted below make it fail (EBUSY, EXDEV).
    /// </summary>
    public void RemoveContent()
    {
        const int batch = 4096;
        long moved = 0;
        for (var names = Names(batch); names.Count > 0; names = Names(batch))
        {
            foreach (byte[] name in names)
            {
                if (TryRemoveFile(name))
                {
                    continue;
                }
                using (var directory = OpenDirectory(name))
                {
                    for (var inner = directory.Names(batch); inner.Count > 0; inner = directory.Names(batch))
                    {
                        foreach (byte[] each in inner.Where(each => !directory.TryRemoveFile(each)))
                        {
                            directory.MoveUp(each, this, ref moved);
                        }
                    }
                }
                RemoveDirectory(name);
            }
        }
    }

    public void Dispose() => _fd.Dispose();

    private void MoveUp(byte[] name, HeldDirectory to, ref long counter)
    {
        while (true)
        {
            try
            {
                Move(name, to, Encoding.ASCII.GetBytes($".lumos-removed-{counter++}"));
                return;
            }
            catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
            {
                // somebody's own entry of that name: the next number
            }
        }
    }

    private bool TryRemoveFile(ReadOnlySpan<byte> name)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        if (Libc.unlinkat(_fd.Number, Raw(name, raw), 0) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno is Errno.EISDIR or Errno.EPERM ? false : throw new ErrnoException($"remove {Shown(name)}", errno);
    }

    private FileDescriptor OpenEntry(ReadOnlySpan<byte> name, int flags, uint mode)
    {
        byte* raw = stackalloc byte[LongestName + 1];
        return new FileDescriptor(Checked(Libc.openat(_fd.Number, Raw(name, raw), flags | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, mode), "open", name));
    }

    private static byte* Raw(ReadOnlySpan<byte> name, byte* buffer)
    {
        if (!IsName(name))
        {
            throw new ErrnoException($"\"{Shown(name)}\" names no entry of a directory", Errno.EINVAL);
        }
        name.CopyTo(new Span<byte>(buffer, LongestName));
        buffer[name.Length] = 0;
        return buffer;
    }

    private static int Checked(int result, string what, ReadOnlySpan<byte> name)
    {
        if (result >= 0)
        {
            return result;
        }
        int errno = SystemCall.LastErrno;
        throw new ErrnoException($"{what} {Shown(name)}", errno);
    }

    private static string Shown(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
}
