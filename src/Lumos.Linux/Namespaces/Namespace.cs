using System.Runtime.ExceptionServices;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Namespaces;

/// <summary>The kinds of namespaces, by the kernel's flags.</summary>
[Flags]
public enum NamespaceKinds
{
    None = 0,
    Mount = Libc.CLONE_NEWNS,
    Cgroup = Libc.CLONE_NEWCGROUP,
    Uts = Libc.CLONE_NEWUTS,
    Ipc = Libc.CLONE_NEWIPC,
    User = Libc.CLONE_NEWUSER,
    Pid = Libc.CLONE_NEWPID,
    Net = Libc.CLONE_NEWNET,
}

/// <summary>Opening and entering namespaces of other processes.</summary>
public static class Namespace
{
    /// <summary>Opens a namespace of a process; the descriptor keeps it alive.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such process.</exception>
    public static FileDescriptor Open(int pid, NamespaceKinds kind) =>
        FileDescriptorIo.Open($"/proc/{pid}/ns/{FileName(kind)}", OpenFlags.ReadOnly);

    /// <summary>Opens our own.</summary>
    public static FileDescriptor OpenOwn(NamespaceKinds kind) =>
        FileDescriptorIo.Open($"/proc/thread-self/ns/{FileName(kind)}", OpenFlags.ReadOnly);

    /// <summary>A number that two descriptors or processes share when they are in the same namespace.</summary>
    public static string Identity(int pid, NamespaceKinds kind) =>
        new FileInfo($"/proc/{pid}/ns/{FileName(kind)}").LinkTarget
            ?? throw new ErrnoException($"namespace of process {pid}", Errno.ENOENT);

    /// <summary>The user who owns the user namespace of a process: for whom the kernel counts what is in it.</summary>
    public static uint OwnerOfUser(int pid)
    {
        using var user = Open(pid, NamespaceKinds.User);
        return OwnerOfUser(user);
    }

    /// <inheritdoc cref="OwnerOfUser(int)"/>
    public static unsafe uint OwnerOfUser(FileDescriptor userNamespace)
    {
        uint owner;
        _ = SystemCall.Checked(Libc.ioctl(userNamespace.Number, Libc.NS_GET_OWNER_UID, &owner), "owner of a user namespace");
        return owner;
    }

    /// <summary>
    /// Runs an action inside a network namespace, on a thread made for it and ended after it: a thread that has been in a
    /// tenant's namespace never serves anything else. Descriptors opened there (netlink sockets) stay in that namespace.
    /// </summary>
    public static T RunInNet<T>(FileDescriptor netNamespace, Func<T> action) => RunOnThread(() =>
    {
        _ = SystemCall.Checked(Libc.setns(netNamespace.Number, Libc.CLONE_NEWNET), "setns to a network namespace");
        return action();
    });

    /// <inheritdoc cref="RunInNet{T}(FileDescriptor, Func{T})"/>
    public static T RunInNet<T>(int pid, Func<T> action)
    {
        using var net = Open(pid, NamespaceKinds.Net);
        return RunInNet(net, action);
    }

    /// <inheritdoc cref="RunInNet{T}(FileDescriptor, Func{T})"/>
    public static void RunInNet(FileDescriptor netNamespace, Action action) =>
        _ = RunInNet(netNamespace, () => { action(); return 0; });

    /// <inheritdoc cref="RunInNet{T}(FileDescriptor, Func{T})"/>
    public static void RunInNet(int pid, Action action) => _ = RunInNet(pid, () => { action(); return 0; });

    /// <summary>
    /// Runs an action inside another namespace for System V IPC, on a thread of its own as <see cref="RunInNet{T}(FileDescriptor, Func{T})"/>.
    /// </summary>
    /// <param name="asUser">
    /// Who the thread is meanwhile: newer kernels let only the root of the namespace's own user namespace write its switches,
    /// older ones only the machine's.
    /// </param>
    public static void RunInIpc(int pid, uint? asUser, Action action)
    {
        using var ipc = Open(pid, NamespaceKinds.Ipc);
        _ = RunOnThread(() =>
        {
            Enter(ipc, NamespaceKinds.Ipc);
            if (asUser is { } user)
            {
                // The C library's call would change all threads; this one changes the thread that ends with the action.
                _ = SystemCall.Checked(Libc.syscall(Libc.SYS_setresuid, -1, user, -1, 0, 0), $"act as user {user}");
            }
            action();
            return 0;
        });
    }

    /// <summary>
    /// Runs an action where a process has its mounts, on a thread of its own that ends with it: paths are the process's, and what is opened
    /// there has been put there by whoever owns it.
    /// </summary>
    public static void RunInMounts(int pid, Action action)
    {
        using var mounts = Open(pid, NamespaceKinds.Mount);
        _ = RunOnThread(() =>
        {
            LeaveSharedRoot();
            Enter(mounts, NamespaceKinds.Mount);
            action();
            return 0;
        });
    }

    /// <summary>Makes a new, empty network namespace and returns it; nobody is in it.</summary>
    public static FileDescriptor CreateNet() => RunOnThread(() =>
    {
        _ = SystemCall.Checked(Libc.unshare(Libc.CLONE_NEWNET), "unshare of the network");
        return OpenOwn(NamespaceKinds.Net);
    });

    /// <summary>
    /// Runs an action on a thread of its own with a copy of all mounts: what it mounts, nobody else sees, and the kernel takes it
    /// away when the thread ends, however it does.
    /// </summary>
    public static void RunInOwnMounts(Action action) => RunOnThread(() =>
    {
        _ = SystemCall.Checked(Libc.unshare(Libc.CLONE_NEWNS), "unshare of the mounts");
        Mounts.Mount.MakePrivate();
        action();
        return 0;
    });

    /// <summary>Takes this process (it must have one thread for User and Mount) out into new namespaces.</summary>
    public static void Unshare(NamespaceKinds kinds) => _ = SystemCall.Checked(Libc.unshare((int)kinds), $"unshare {kinds}");

    /// <summary>Gives the calling thread a root and working directory of its own, which entering a mount namespace changes.</summary>
    public static void LeaveSharedRoot() => _ = SystemCall.Checked(Libc.unshare(Libc.CLONE_FS), "unshare of root and working directory");

    /// <summary>Takes the calling thread into a namespace.</summary>
    public static void Enter(FileDescriptor ns, NamespaceKinds kind) =>
        _ = SystemCall.Checked(Libc.setns(ns.Number, (int)kind), $"setns {kind}");

    internal static T RunOnThread<T>(Func<T> action)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static string FileName(NamespaceKinds kind) => kind switch
    {
        NamespaceKinds.Mount => "mnt",
        NamespaceKinds.Cgroup => "cgroup",
        NamespaceKinds.Uts => "uts",
        NamespaceKinds.Ipc => "ipc",
        NamespaceKinds.User => "user",
        NamespaceKinds.Pid => "pid",
        NamespaceKinds.Net => "net",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "one kind, please"),
    };
}
