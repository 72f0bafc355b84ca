using System.Runtime.InteropServices;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Spawn;

/// <summary>
/// A child of ours, held by a pidfd so that its number can never be mistaken for another's. System.Diagnostics.Process is
/// not used anywhere in the product: it installs a SIGCHLD reaper that cannot share a process with one that waits for all
/// children, as PID 1 and svc.startd must.
/// </summary>
public sealed unsafe class ChildProcess : IDisposable
{
    private ChildProcess(int pid, FileDescriptor pidfd)
    {
        Pid = pid;
        PidFd = pidfd;
    }

    public int Pid { get; }

    /// <summary>Readable (poll, epoll) once the child has ended.</summary>
    public FileDescriptor PidFd { get; }

    /// <summary>Starts the program.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such program; EACCES: not executable; EAGAIN: too many processes.</exception>
    public static ChildProcess Start(SpawnRequest request)
    {
        var words = Trampoline.Words(request);
        string program = Execute.Resolve(words[0]);
        byte* actions = stackalloc byte[Libc.SizeOfSpawnFileActions];
        byte* attributes = stackalloc byte[Libc.SizeOfSpawnAttributes];
        using var memory = new NativeStrings();
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = Libc.posix_spawnattr_init(attributes);
        try
        {
            AddStream(actions, memory, request.Input, 0, request.InheritStreams);
            AddStream(actions, memory, request.Output, 1, request.InheritStreams);
            AddStream(actions, memory, request.ErrorOutput, 2, request.InheritStreams);
            foreach (var (number, extra) in request.Extra ?? new Dictionary<int, FileDescriptor>())
            {
                _ = Libc.posix_spawn_file_actions_adddup2(actions, extra.Number, number);
            }
            if (request.WorkingDirectory is { } directory)
            {
                _ = Libc.posix_spawn_file_actions_addchdir_np(actions, memory.Add(directory));
            }
            // The runtime blocks and ignores signals of its own; a child starts with a clean slate.
            ulong* all = stackalloc ulong[16];
            ulong* none = stackalloc ulong[16];
            new Span<ulong>(all, 16).Fill(ulong.MaxValue);
            new Span<ulong>(none, 16).Clear();
            _ = Libc.posix_spawnattr_setsigdefault(attributes, all);
            _ = Libc.posix_spawnattr_setsigmask(attributes, none);
            short flags = Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK;
            if (request.NewSession)
            {
                flags |= Libc.POSIX_SPAWN_SETSID;
            }
            _ = Libc.posix_spawnattr_setflags(attributes, flags);

            byte** argv = memory.AddArray(words);
            byte** envp = memory.AddArray(EnvironmentWords(request.Environment));
            int error = Libc.posix_spawn(out int pid, memory.Add(program), actions, attributes, argv, envp);
            if (error != 0)
            {
                throw new ErrnoException($"cannot start {program}", error);
            }
            long fd = Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0, 0);
            if (fd < 0)
            {
                throw new ErrnoException($"pidfd_open of {program}", Marshal.GetLastPInvokeError());
            }
            return new ChildProcess(pid, new FileDescriptor((int)fd));
        }
        finally
        {
            _ = Libc.posix_spawn_file_actions_destroy(actions);
            _ = Libc.posix_spawnattr_destroy(attributes);
            GC.KeepAlive(request);
        }
    }

    /// <summary>Waits for the end and reaps. Returns the exit status, or 128 + the signal that killed it.</summary>
    public int Wait()
    {
        Libc.siginfo_t info = default;
        while (Libc.waitid(Libc.P_PIDFD, PidFd.Number, &info, Libc.WEXITED) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException($"waitid for process {Pid}", errno);
            }
        }
        return info.si_code == Libc.CLD_EXITED ? info.si_status : 128 + info.si_status;
    }

    /// <summary>Waits, no longer than said, for the end; does not reap. False: it still runs.</summary>
    public bool HasEnded(TimeSpan timeout)
    {
        var what = new Libc.pollfd { fd = PidFd.Number, events = Libc.POLLIN };
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var left = timeout - System.Diagnostics.Stopwatch.GetElapsedTime(start);
            int ready = Libc.poll(&what, 1, (int)Math.Clamp(left.TotalMilliseconds, 0, int.MaxValue));
            if (ready >= 0)
            {
                return ready > 0;
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new ErrnoException($"poll of process {Pid}", errno);
            }
        }
    }

    /// <summary>Sends a signal; a child that has already ended is not an error.</summary>
    public void Signal(int signal)
    {
        if (Libc.syscall(Libc.SYS_pidfd_send_signal, PidFd.Number, signal, 0, 0) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.ESRCH)
            {
                throw new ErrnoException($"signal {signal} to process {Pid}", errno);
            }
        }
    }

    public void Dispose() => PidFd.Dispose();

    private static void AddStream(byte* actions, NativeStrings memory, FileDescriptor? fd, int number, bool inherit)
    {
        const int O_RDWR = 2;
        if (fd is not null)
        {
            _ = Libc.posix_spawn_file_actions_adddup2(actions, fd.Number, number);
        }
        else if (!inherit)
        {
            _ = Libc.posix_spawn_file_actions_addopen(actions, number, memory.Add("/dev/null"), O_RDWR, 0);
        }
    }

    private static IEnumerable<string> EnvironmentWords(IReadOnlyDictionary<string, string>? environment) =>
        Execute.Words(environment ?? Execute.CurrentEnvironment());
}
