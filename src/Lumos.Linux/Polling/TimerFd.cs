using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Polling;

/// <summary>A timer as a descriptor (monotonic): readable once it has run out, until consumed.</summary>
public sealed unsafe class TimerFd : IDisposable
{
    private TimerFd(FileDescriptor fd) => Descriptor = fd;

    public FileDescriptor Descriptor { get; }

    public static TimerFd Create() => new(new FileDescriptor(SystemCall.Checked(
        Libc.timerfd_create(Libc.CLOCK_MONOTONIC, Libc.TFD_CLOEXEC | Libc.TFD_NONBLOCK), "timerfd_create")));

    /// <summary>Runs out once, after a time; zero or less means at once.</summary>
    public void SetOnce(TimeSpan after) => Set(Max(after), TimeSpan.Zero);

    /// <summary>Runs out again and again.</summary>
    public void SetEvery(TimeSpan period) => Set(Max(period), Max(period));

    public void Stop() => Set(TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>How often it ran out since last time.</summary>
    public ulong Consume()
    {
        Span<byte> buffer = stackalloc byte[8];
        return Descriptor.Read(buffer) == 8 ? BitConverter.ToUInt64(buffer) : 0;
    }

    public void Dispose() => Descriptor.Dispose();

    // A zero it_value would disarm the timer.
    private static TimeSpan Max(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.FromTicks(1);

    private void Set(TimeSpan first, TimeSpan period)
    {
        var value = new Libc.itimerspec { it_value = ToTimespec(first), it_interval = ToTimespec(period) };
        _ = SystemCall.Checked(Libc.timerfd_settime(Descriptor.Number, 0, &value, null), "timerfd_settime");
    }

    private static Libc.timespec ToTimespec(TimeSpan time) => new()
    {
        tv_sec = time.Ticks / TimeSpan.TicksPerSecond,
        tv_nsec = time.Ticks % TimeSpan.TicksPerSecond * 100,
    };
}
