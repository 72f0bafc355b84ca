using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Polling;

/// <summary>A counter as a descriptor: readable once signalled, until consumed.</summary>
public sealed class EventFd : IDisposable
{
    private EventFd(FileDescriptor fd) => Descriptor = fd;

    public FileDescriptor Descriptor { get; }

    public static EventFd Create() =>
        new(new FileDescriptor(SystemCall.Checked(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK), "eventfd")));

    public void Signal() => _ = Descriptor.Write(BitConverter.GetBytes(1ul));

    /// <summary>How often it was signalled since last time; 0 when it was not.</summary>
    public ulong Consume()
    {
        Span<byte> buffer = stackalloc byte[8];
        return Descriptor.Read(buffer) == 8 ? BitConverter.ToUInt64(buffer) : 0;
    }

    public void Dispose() => Descriptor.Dispose();
}
