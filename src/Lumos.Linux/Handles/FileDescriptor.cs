using System.Runtime.InteropServices;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Handles;

/// <summary>An open file descriptor that closes itself. All of ours are born close-on-exec.</summary>
public sealed class FileDescriptor : SafeHandle
{
    public FileDescriptor()
        : base(-1, ownsHandle: true)
    {
    }

    public FileDescriptor(int fd, bool owns = true)
        : base(-1, owns) => SetHandle(fd);

    public override bool IsInvalid => handle < 0;

    /// <summary>The number itself, for a call that wants it; valid while this object is alive.</summary>
    public int Number => (int)handle;

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
