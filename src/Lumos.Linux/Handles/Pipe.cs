using System.Runtime.InteropServices;
using Lumos.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Linux.Handles;

/// <summary>A pipe, both ends close-on-exec.</summary>
public sealed class Pipe : IDisposable
{
    private Pipe(int read, int write)
    {
        Read = new FileDescriptor(read);
        Write = new FileDescriptor(write);
    }

    public FileDescriptor Read { get; }

    public FileDescriptor Write { get; }

    public static unsafe Pipe Create()
    {
        int* ends = stackalloc int[2];
        return Libc.pipe2(ends, Libc.O_CLOEXEC) == 0
            ? new Pipe(ends[0], ends[1])
            : throw new ErrnoException("pipe2", Marshal.GetLastPInvokeError());
    }

    /// <summary>The read end as a stream that owns it.</summary>
    public Stream OpenRead() => Open(Read, FileAccess.Read);

    /// <summary>The write end as a stream that owns it.</summary>
    public Stream OpenWrite() => Open(Write, FileAccess.Write);

    public void Dispose()
    {
        Read.Dispose();
        Write.Dispose();
    }

    private static FileStream Open(FileDescriptor end, FileAccess access)
    {
        var handle = new SafeFileHandle(end.Number, ownsHandle: true);
        end.SetHandleAsInvalid(); // the stream closes it now
        return new FileStream(handle, access, bufferSize: 0);
    }
}
