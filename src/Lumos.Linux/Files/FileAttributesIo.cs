using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Linux.Files;

/// <summary>What an open file bears beside its content: times, extended attributes, ranges and holes.</summary>
public static unsafe class FileAttributesIo
{
    private const int LongestAttribute = 65536; // the kernel's own limit, of values and of lists of names

    public static void SetTimes(this FileDescriptor fd, FileTime accessed, FileTime modified)
    {
        var times = stackalloc Libc.timespec[2];
        Fill(times, accessed, modified);
        _ = SystemCall.Checked(Libc.futimens(fd.Number, times), $"set the times of descriptor {fd.Number}");
    }

    public static void SetAttribute(this FileDescriptor fd, string name, ReadOnlySpan<byte> value)
    {
        byte[] key = Encoding.UTF8.GetBytes(name + '\0');
        fixed (byte* k = key, v = value)
        {
            byte none;
            _ = SystemCall.Checked(Libc.fsetxattr(fd.Number, k, v is null ? &none : v, (nuint)value.Length, 0), $"set {name}");
        }
    }

    /// <summary>The names of all extended attributes, each without its NUL.</summary>
    public static IReadOnlyList<byte[]> AttributeNames(this FileDescriptor fd)
    {
        string what = $"list the attributes of descriptor {fd.Number}";
        if (SystemCall.Checked((long)Libc.flistxattr(fd.Number, null, 0), what) == 0)
        {
            return []; // as of most files
        }
        byte[] all = new byte[LongestAttribute];
        nint got;
        fixed (byte* p = all)
        {
            got = (nint)SystemCall.Checked((long)Libc.flistxattr(fd.Number, p, LongestAttribute), what);
        }
        var names = new List<byte[]>();
        foreach (var range in all.AsSpan(0, (int)got).Split((byte)0))
        {
            if (range.End.Value > range.Start.Value)
            {
                names.Add(all[range]);
            }
        }
        return names;
    }

    /// <summary>Gives an attribute of one file to another, value and all.</summary>
    public static void CopyAttribute(this FileDescriptor from, FileDescriptor to, ReadOnlySpan<byte> name)
    {
        byte[] key = [.. name, 0], value = new byte[LongestAttribute];
        fixed (byte* k = key, v = value)
        {
            long got = SystemCall.Checked((long)Libc.fgetxattr(from.Number, k, v, LongestAttribute), $"read {Encoding.UTF8.GetString(name)}");
            _ = SystemCall.Checked(Libc.fsetxattr(to.Number, k, v, (nuint)got, 0), $"set {Encoding.UTF8.GetString(name)}");
        }
    }

    /// <summary>Where the next bytes at or after an offset are that are no hole; null: there are none.</summary>
    public static (long Start, long End)? NextData(this FileDescriptor fd, long offset)
    {
        long start = Libc.lseek(fd.Number, offset, Libc.SEEK_DATA);
        if (start < 0 && SystemCall.LastErrno is var errno)
        {
            return errno == Errno.ENXIO ? null : throw new ErrnoException($"look for data of descriptor {fd.Number}", errno);
        }
        return (start, SystemCall.Checked(Libc.lseek(fd.Number, start, Libc.SEEK_HOLE), $"look for a hole of descriptor {fd.Number}"));
    }

    /// <summary>Copies a range of one file to the same place of another, by sharing blocks where the file system can.</summary>
    public static void CopyRange(this FileDescriptor from, FileDescriptor to, long start, long end)
    {
        const long most = 1L << 30; // it cannot be interrupted before it is done
        long read = start, written = start;
        while (read < end)
        {
            nint got = Libc.copy_file_range(from.Number, &read, to.Number, &written, (nuint)Math.Min(most, end - read), 0);
            if (got == 0)
            {
                return; // it is shorter now
            }
            if (got < 0 && SystemCall.LastErrno is var errno and not Errno.EINTR)
            {
                if (errno is not (Errno.EXDEV or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS))
                {
                    throw new ErrnoException($"copy to descriptor {to.Number}", errno);
                }
                CopyByBytes(from, to, read, end);
                return;
            }
        }
    }

    private static void CopyByBytes(FileDescriptor from, FileDescriptor to, long start, long end)
    {
        using var source = new SafeFileHandle(from.Number, ownsHandle: false);
        using var target = new SafeFileHandle(to.Number, ownsHandle: false);
        byte[] buffer = new byte[1 << 18];
        int got;
        for (long at = start; at < end && (got = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at)) > 0; at += got)
        {
            RandomAccess.Write(target, buffer.AsSpan(0, got), at);
        }
    }

    public static void SetLength(this FileDescriptor fd, long length)
    {
        using var file = new SafeFileHandle(fd.Number, ownsHandle: false);
        RandomAccess.SetLength(file, length);
    }

    /// <summary>Makes a range read as zeros and gives its blocks back; the length of the file stays.</summary>
    public static void PunchHole(this FileDescriptor fd, long offset, long length) =>
        _ = SystemCall.Checked(
            Libc.fallocate(fd.Number, Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length), $"punch a hole into descriptor {fd.Number}");

    internal static void Fill(Libc.timespec* times, FileTime accessed, FileTime modified)
    {
        times[0] = new Libc.timespec { tv_sec = accessed.Seconds, tv_nsec = accessed.Nanoseconds };
        times[1] = new Libc.timespec { tv_sec = modified.Seconds, tv_nsec = modified.Nanoseconds };
    }
}
