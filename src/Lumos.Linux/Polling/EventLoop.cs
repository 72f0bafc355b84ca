using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Polling;

/// <summary>What a descriptor is ready for.</summary>
[Flags]
public enum PollEvents : uint
{
    None = 0,
    Readable = Libc.EPOLLIN,
    Urgent = Libc.EPOLLPRI,
    Writable = Libc.EPOLLOUT,
    Error = Libc.EPOLLERR,
    HangUp = Libc.EPOLLHUP,
    PeerClosed = Libc.EPOLLRDHUP,
}

/// <summary>
/// A single-threaded loop over epoll(7), level-triggered: descriptors and what to call when they are ready. All calls are
/// made on the thread that runs the loop, except <see cref="Post"/> and <see cref="Stop"/>, which any thread may call.
/// </summary>
/// <remarks>
/// Registrations carry a number of their own, never reused, so that an event fetched together with others does not
/// reach a new registration of the same descriptor number when a callback closed the old one.
/// A descriptor must be removed before it is closed; <see cref="Remove"/> of one that is not registered does nothing.
/// </remarks>
public sealed unsafe class EventLoop : IDisposable
{
    private readonly FileDescriptor _epoll = new(SystemCall.Checked(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "epoll_create1"));
    private readonly Dictionary<ulong, Registration> _byId = [];
    private readonly Dictionary<int, Registration> _byFd = [];
    private readonly EventFd _wake = EventFd.Create();
    private readonly Queue<Action> _posted = new();
    private ulong _next = 1;
    private bool _stopped;

    public EventLoop() => Add(_wake.Descriptor, PollEvents.Readable, _ => RunPosted());

    /// <summary>Calls back when the descriptor is ready for one of the events (Error and HangUp always count).</summary>
    public void Add(FileDescriptor fd, PollEvents events, Action<PollEvents> callback)
    {
        var registration = new Registration(_next++, fd.Number, callback);
        Control(Libc.EPOLL_CTL_ADD, registration, events);
        _byId.Add(registration.Id, registration);
        _byFd[registration.Fd] = registration;
    }

    /// <summary>Waits for other events than before.</summary>
    public void Change(FileDescriptor fd, PollEvents events) => Control(Libc.EPOLL_CTL_MOD, _byFd[fd.Number], events);

    /// <summary>Calls back no more, not even for events already fetched.</summary>
    public void Remove(FileDescriptor fd)
    {
        if (_byFd.Remove(fd.Number, out var registration))
        {
            _byId.Remove(registration.Id);
            _ = Libc.epoll_ctl(_epoll.Number, Libc.EPOLL_CTL_DEL, registration.Fd, null);
        }
    }

    /// <summary>Has the loop's thread run an action. Any thread.</summary>
    public void Post(Action action)
    {
        lock (_posted)
        {
            _posted.Enqueue(action);
        }
        _wake.Signal();
    }

    /// <summary>Ends <see cref="Run"/> after the callbacks at hand. Any thread.</summary>
    public void Stop() => Post(() => _stopped = true);

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        _stopped = false;
        while (!_stopped)
        {
            RunOnce();
        }
    }

    /// <summary>Waits for events (for ever, or as long as said) and serves those at hand. The number served.</summary>
    public int RunOnce(TimeSpan? timeout = null)
    {
        const int most = 32;
        Libc.epoll_event* events = stackalloc Libc.epoll_event[most];
        int milliseconds = timeout is { } t ? (int)Math.Min(int.MaxValue, Math.Ceiling(t.TotalMilliseconds)) : -1;
        int count = Libc.epoll_wait(_epoll.Number, events, most, milliseconds);
        if (count < 0)
        {
            int errno = SystemCall.LastErrno;
            return errno == Errno.EINTR ? 0 : throw new ErrnoException("epoll_wait", errno);
        }
        for (int i = 0; i < count; i++)
        {
            if (_byId.TryGetValue(events[i].data, out var registration))
            {
                registration.Callback((PollEvents)events[i].events);
            }
        }
        return count;
    }

    public void Dispose()
    {
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, Registration registration, PollEvents events)
    {
        var what = new Libc.epoll_event { events = (uint)events, data = registration.Id };
        _ = SystemCall.Checked(Libc.epoll_ctl(_epoll.Number, operation, registration.Fd, &what), "epoll_ctl");
    }

    private void RunPosted()
    {
        _wake.Consume();
        while (true)
        {
            Action? action;
            lock (_posted)
            {
                if (!_posted.TryDequeue(out action))
                {
                    return;
                }
            }
            action();
        }
    }

    private sealed record Registration(ulong Id, int Fd, Action<PollEvents> Callback);
}
