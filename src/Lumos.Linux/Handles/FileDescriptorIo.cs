using System.Buffers;
using Lumos.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Linux.Handles;

/// <summary>Plain reading and writing of a descriptor, without streams.</summary>
public static unsafe class FileDescriptorIo
{
    /// <summary>Opens a path close-on-exec. <paramref name="flags"/> are <see cref="OpenFlags"/>.</summary>
    /// <exception cref="ErrnoException">Whatever open(2) says.</exception>
    public static FileDescriptor Open(string path, OpenFlags flags, int mode = 0) =>
        new((int)SystemCall.Retry(() => Libc.open(path, (int)flags | Libc.O_CLOEXEC, (uint)mode), $"open {path}"));

    /// <summary>Reads once. 0 at the end; −1 when a non-blocking descriptor has nothing now.</summary>
    public static int Read(this FileDescriptor fd, Span<byte> buffer)
    {
        while (true)
        {
            nint got;
            fixed (byte* p = buffer)
            {
                got = Libc.read(fd.Number, p, (nuint)buffer.Length);
            }
            if (got >= 0)
            {
                return (int)got;
            }
            int errno = SystemCall.LastErrno;
            if (errno == Errno.EAGAIN)
            {
                return -1;
            }
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException($"read of descriptor {fd.Number}", errno);
            }
        }
    }

    /// <summary>Writes once. The count written; −1 when a non-blocking descriptor takes nothing now.</summary>
    public static int Write(this FileDescriptor fd, ReadOnlySpan<byte> buffer)
    {
        while (true)
        {
            nint put;
            fixed (byte* p = buffer)
            {
                put = Libc.write(fd.Number, p, (nuint)buffer.Length);
            }
            if (put >= 0)
            {
                return (int)put;
            }
            int errno = SystemCall.LastErrno;
            if (errno == Errno.EAGAIN)
            {
                return -1;
            }
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException($"write to descriptor {fd.Number}", errno);
            }
        }
    }

    /// <summary>Writes everything to a blocking descriptor.</summary>
    public static void WriteAll(this FileDescriptor fd, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int put = fd.Write(buffer);
            if (put < 0)
            {
                throw new ErrnoException($"write to descriptor {fd.Number}", Errno.EAGAIN);
            }
            buffer = buffer[put..];
        }
    }

    /// <summary>Reads to the end of a blocking descriptor.</summary>
    public static byte[] ReadToEnd(this FileDescriptor fd)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(16384);
        try
        {
            int filled = 0, got;
            while ((got = fd.Read(buffer.AsSpan(filled))) > 0)
            {
                filled += got;
                if (filled == buffer.Length)
                {
                    byte[] more = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.CopyTo(more, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = more;
                }
            }
            return buffer[..filled];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A second descriptor for the same open file, close-on-exec.</summary>
    /// <param name="least">Its number is not below this.</param>
    public static FileDescriptor Duplicate(this FileDescriptor fd, int least = 0)
    {
        int copy = Libc.fcntl(fd.Number, Libc.F_DUPFD_CLOEXEC, least);
        return new FileDescriptor(SystemCall.Checked(copy, $"duplicate descriptor {fd.Number}"));
    }

    /// <summary>Makes reads and writes return at once.</summary>
    public static void SetNonBlocking(this FileDescriptor fd)
    {
        int flags = SystemCall.Checked(Libc.fcntl(fd.Number, Libc.F_GETFL, 0), "fcntl F_GETFL");
        _ = SystemCall.Checked(Libc.fcntl(fd.Number, Libc.F_SETFL, flags | Libc.O_NONBLOCK), "fcntl F_SETFL");
    }

    /// <summary>Makes reads and writes wait, as they do at first.</summary>
    public static void SetBlocking(this FileDescriptor fd)
    {
        int flags = SystemCall.Checked(Libc.fcntl(fd.Number, Libc.F_GETFL, 0), "fcntl F_GETFL");
        _ = SystemCall.Checked(Libc.fcntl(fd.Number, Libc.F_SETFL, flags & ~Libc.O_NONBLOCK), "fcntl F_SETFL");
    }

    /// <summary>Puts written data and metadata on the disk.</summary>
    public static void Sync(this FileDescriptor fd) =>
        _ = SystemCall.Retry(() => Libc.fsync(fd.Number), $"fsync of descriptor {fd.Number}");

    /// <summary>The same of everything on its file system.</summary>
    public static void SyncFileSystem(this FileDescriptor fd) => _ = SystemCall.Checked(Libc.syncfs(fd.Number), $"syncfs of descriptor {fd.Number}");

    public static void SetMode(this FileDescriptor fd, int mode) =>
        _ = SystemCall.Checked(Libc.fchmod(fd.Number, (uint)mode), $"fchmod of descriptor {fd.Number}");

    public static void SetOwner(this FileDescriptor fd, uint user, uint group) =>
        _ = SystemCall.Checked(Libc.fchown(fd.Number, user, group), $"fchown of descriptor {fd.Number}");

    /// <summary>A stream that owns the descriptor from now on.</summary>
    public static FileStream IntoStream(this FileDescriptor fd, FileAccess access, int bufferSize = 0)
    {
        var handle = new SafeFileHandle(fd.Number, ownsHandle: true);
        fd.SetHandleAsInvalid();
        return new FileStream(handle, access, bufferSize);
    }
}
