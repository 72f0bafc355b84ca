using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>What an open file bears beside its content: times, extended attributes, holes.</summary>
public static unsafe class FileAttributesIo
{
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
