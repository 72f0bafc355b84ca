using System.Globalization;
using Lumos.Linux.Interop;
using Lumos.Linux.Spawn;

namespace Lumos.Linux.Signals;

/// <summary>
/// Signals of this process: masks, dispositions, sending.
/// </summary>
/// <remarks>
/// A signalfd sees a signal only when every thread blocks it; one thread that does not is enough for the signal to kill the
/// process (even PID 1 of a namespace, which is otherwise spared). The runtime starts threads of its own before Main runs, a
/// mask cannot be set in another thread, and what /proc shows of a thread that is just starting is not its own mask yet.
/// But a mask is inherited through execve and by new threads. So <see cref="BlockEverywhere"/> looks whether the signals were
/// blocked when the process began; where not, it blocks them and executes the program again with the same words (a few
/// milliseconds, once). Call it first thing in Main, before any other change of the mask. The runtime's own signal (RTMIN)
/// must stay free.
/// Children started through <see cref="ChildProcess"/> begin with nothing blocked.
/// </remarks>
public static unsafe class ProcessSignals
{
    private const string Marker = "LUMOS_SIGNALS_BLOCKED";

    /// <summary>Makes every thread of this process block the signals, if need be by executing the program again.</summary>
    public static void BlockEverywhere(params ReadOnlySpan<int> signals)
    {
        ulong wanted = MaskOf(signals);
        ulong before = Change(Libc.SIG_BLOCK, wanted);
        bool second = Environment.GetEnvironmentVariable(Marker) is not null;
        Environment.SetEnvironmentVariable(Marker, null);
        if ((before & wanted) == wanted)
        {
            return;
        }
        if (second)
        {
            throw new InvalidOperationException("signals that were blocked are not blocked any more after execve");
        }
        string[] words = File.ReadAllText("/proc/self/cmdline")[..^1].Split('\0'); // each word ends with a NUL, empty ones too
        var environment = Execute.CurrentEnvironment();
        environment[Marker] = "1";
        Execute.Replace("/proc/self/exe", words, environment);
    }

    /// <summary>Blocks the signals in the calling thread (and in threads it makes later).</summary>
    public static void Block(params ReadOnlySpan<int> signals) => Change(Libc.SIG_BLOCK, MaskOf(signals));

    /// <summary>Lets the signals through in the calling thread.</summary>
    public static void Unblock(params ReadOnlySpan<int> signals) => Change(Libc.SIG_UNBLOCK, MaskOf(signals));

    /// <summary>Nothing blocked, everything at its default: what a program expects to start with.</summary>
    public static void ResetAll()
    {
        for (int number = 1; number <= 64; number++)
        {
            _ = Libc.signal(number, 0); // KILL, STOP and the C library's own refuse, which is right
        }
        Change(Libc.SIG_SETMASK, 0);
    }

    /// <summary>Sends a signal to a process (or, negative, a process group). False: no such process.</summary>
    public static bool Send(int pid, int signal)
    {
        if (Libc.kill(pid, signal) == 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.ESRCH ? false : throw new ErrnoException($"signal {signal} to process {pid}", errno);
    }

    /// <summary>
    /// The process handles the signal, or holds it until it does (proc_pid_status(5): SigCgt, SigBlk): each of its threads, as one that
    /// does neither may be given it. False for a process that is gone.
    /// </summary>
    /// <remarks>
    /// A thread that blocks even SIGSEGV does not wait for signals: the C library blocks all of them for a moment while it starts a thread
    /// or a process, and as that moment ends the signal has its default effect, which for a PID 1 is none.
    /// </remarks>
    public static bool IsHeard(int pid, int signal)
    {
        try
        {
            string[] threads = Directory.GetDirectories($"/proc/{pid}/task");
            return threads.Length > 0 && threads.All(thread => IsHeardBy(File.ReadAllLines(thread + "/status"), signal));
        }
        catch (IOException)
        {
            return false; // ENOENT or ESRCH
        }
    }

    private static bool IsHeardBy(string[] status, int signal)
    {
        ulong blocked = Mask(status, "SigBlk:"), wanted = MaskOf([signal]);
        return (Mask(status, "SigCgt:") & wanted) != 0 || ((blocked & wanted) != 0 && (blocked & MaskOf([Signal.SEGV])) == 0);
    }

    private static ulong Mask(string[] status, string label) => ulong.Parse(
        status.First(line => line.StartsWith(label, StringComparison.Ordinal)).AsSpan(label.Length).Trim(),
        NumberStyles.AllowHexSpecifier,
        CultureInfo.InvariantCulture);

    internal static ulong MaskOf(ReadOnlySpan<int> signals)
    {
        ulong mask = 0;
        foreach (int signal in signals)
        {
            mask |= 1ul << (signal - 1);
        }
        return mask;
    }

    /// <summary>Changes the calling thread's mask; returns the one before.</summary>
    private static ulong Change(int how, ulong mask)
    {
        ulong* set = stackalloc ulong[16];
        ulong* old = stackalloc ulong[16];
        new Span<ulong>(set, 16).Clear();
        set[0] = mask;
        int error = Libc.pthread_sigmask(how, set, old);
        if (error != 0)
        {
            throw new ErrnoException("pthread_sigmask", error);
        }
        return old[0];
    }
}
