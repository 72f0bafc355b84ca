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
    /// <exception cref="ErrnoException">EPERM, ENOSPC: the kernel allows none, or no more of them.</exception>
    /// <remarks>
    /// A namespace begins with a process in it, and only a process of one thread may make one for itself. The child here shares our
    /// memory, so that nothing is copied and no program started, and does a single thing: the C library's syscall(SYS_pause), which
    /// touches no memory until it returns, and it never does, because we end the child. 0.1 ms, where starting a program takes 3.
    /// </remarks>
    public static FileDescriptor Create(uint firstId, uint count)
    {
        nint pause = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "syscall");
        byte* stack = (byte*)NativeMemory.AlignedAlloc(StackLength, 16);
        try
        {
            int fd = -1;
            int pid = SystemCall.Checked(
                Libc.clone(pause, stack + StackLength, Libc.CLONE_VM | Libc.CLONE_NEWUSER | Libc.CLONE_PIDFD, (nint)Libc.SYS_pause, &fd),
                "clone into a user namespace");
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
}
