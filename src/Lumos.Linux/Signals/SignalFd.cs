using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Signals;

/// <summary>A signal that arrived. For CHLD, <paramref name="Pid"/> is only a hint: several ends may be told as one.</summary>
public readonly record struct SignalReceived(int Number, int Pid, uint User);

/// <summary>Signals as a readable descriptor. Block them first: <see cref="ProcessSignals.BlockEverywhere"/>.</summary>
public sealed unsafe class SignalFd : IDisposable
{
    private SignalFd(FileDescriptor fd) => Descriptor = fd;

    /// <summary>Readable while a signal waits.</summary>
    public FileDescriptor Descriptor { get; }

    public static SignalFd Open(params ReadOnlySpan<int> signals)
    {
        ulong* set = stackalloc ulong[16];
        new Span<ulong>(set, 16).Clear();
        set[0] = ProcessSignals.MaskOf(signals);
        int fd = Libc.signalfd(-1, set, Libc.SFD_CLOEXEC | Libc.SFD_NONBLOCK);
        return new SignalFd(new FileDescriptor(SystemCall.Checked(fd, "signalfd")));
    }

    /// <summary>Takes one signal; false when none waits.</summary>
    public bool TryRead(out SignalReceived signal)
    {
        Libc.signalfd_siginfo info;
        int got = Descriptor.Read(new Span<byte>(&info, sizeof(Libc.signalfd_siginfo)));
        signal = got == sizeof(Libc.signalfd_siginfo)
            ? new SignalReceived((int)info.ssi_signo, (int)info.ssi_pid, info.ssi_uid)
            : default;
        return got > 0;
    }

    public void Dispose() => Descriptor.Dispose();
}
