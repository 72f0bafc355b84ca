using System.Globalization;
using System.Runtime.InteropServices;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Namespaces;

/// <summary>Making user namespaces without a member, for giving mounts another view of ids.</summary>
public static unsafe class UserNamespace
{
    private const int StackLength = 16 << 10;

    /// <summary>A namespace that maps ids from 0 on to a range from <paramref name="firstId"/> on.</summary>
    /// <param name="firstId">The id outside that 0 has inside.</param>
    /// <param name="count">How many.</param>
    /// <param name="owner">Whose it is: for whom the kernel counts what is in it; null: ours.</param>
    /// <exception cref="ErrnoException">EPERM, ENOSPC: the kernel allows none, or no more of them.</exception>
    /// <remarks>
    /// A namespace begins with a process in it, and only a process of one thread may make one for itself. The child here shares our
    /// memory, so that nothing is copied and no program started, and does a single thing: the C library's syscall(SYS_pause), which
    /// touches no memory until it returns, and it never does, because we end the child. 0.1 ms, where starting a program takes 3.
    /// </remarks>
    public static FileDescriptor Create(uint firstId, uint count, uint? owner = null)
    {
        if (owner is { } user)
        {
            // Whoever a thread acts as when it makes a namespace owns it. This one ends with the call.
            return Namespace.RunOnThread(() => Make(firstId, count, user));
        }
        return Make(firstId, count, null);
    }

    private static FileDescriptor Make(uint firstId, uint count, uint? owner)
    {
        nint pause = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "syscall");
        byte* stack = (byte*)NativeMemory.AlignedAlloc(StackLength, 16);
        try
        {
            int fd = -1;
            ActAs(owner);
            int result = Libc.clone(pause, stack + StackLength, Libc.CLONE_VM | Libc.CLONE_NEWUSER | Libc.CLONE_PIDFD, (nint)Libc.SYS_pause, &fd);
            int errno = SystemCall.LastErrno;
            ActAs(owner is null ? null : 0u);
            int pid = result >= 0 ? result : throw new ErrnoException("clone into a user namespace", errno);
            using var child = new FileDescriptor(fd);
            try
            {
                string map = string.Create(CultureInfo.InvariantCulture, $"0 {firstId} {count}\n");
                File.WriteAllText($"/proc/{pid}/uid_map", map);
                File.WriteAllText($"/proc/{pid}/gid_map", map);
                return Namespace.Open(pid, NamespaceKinds.User);
            }
            finally
            {
                _ = Libc.syscall(Libc.SYS_pidfd_send_signal, child.Number, Signals.Signal.KILL, 0, 0);
                SystemCall.Retry(() => Libc.waitid(Libc.P_PIDFD, child.Number, null, Libc.WEXITED | Libc.__WALL), "wait for a user namespace");
            }
        }
        finally
        {
            NativeMemory.AlignedFree(stack);
        }
    }

    // The C library's call would change all threads. The capabilities stay where they can: some hosts let only their holders
    // make user namespaces.
    private static void ActAs(uint? user)
    {
        if (user is { } id)
        {
            _ = Libc.prctl(Libc.PR_SET_SECUREBITS, Libc.SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
            _ = SystemCall.Checked(Libc.syscall(Libc.SYS_setresuid, -1, id, -1, 0, 0), $"act as user {id}");
        }
    }
}
