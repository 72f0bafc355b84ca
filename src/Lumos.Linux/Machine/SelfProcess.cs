using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>Changes of the calling process itself: limits, identity, root.</summary>
public static unsafe class SelfProcess
{
    private static readonly Dictionary<string, int> Limits = new()
    {
        ["cpu"] = Libc.RLIMIT_CPU, ["fsize"] = Libc.RLIMIT_FSIZE, ["data"] = Libc.RLIMIT_DATA, ["stack"] = Libc.RLIMIT_STACK,
        ["core"] = Libc.RLIMIT_CORE, ["rss"] = Libc.RLIMIT_RSS, ["nproc"] = Libc.RLIMIT_NPROC, ["nofile"] = Libc.RLIMIT_NOFILE,
        ["memlock"] = Libc.RLIMIT_MEMLOCK, ["as"] = Libc.RLIMIT_AS,
    };

    /// <summary>Whether we act as user 0 (of our user namespace).</summary>
    public static bool IsRoot => Libc.geteuid() == 0;

    /// <param name="name">nofile, core, nproc, as, stack, memlock, data, fsize, rss, cpu.</param>
    /// <param name="value">A number or "unlimited"; soft and hard limit alike.</param>
    public static void SetLimit(string name, string value)
    {
        if (!Limits.TryGetValue(name, out int resource))
        {
            throw new ErrnoException($"no resource limit is named \"{name}\"", Errno.EINVAL);
        }
        ulong number = Libc.RLIM_INFINITY;
        if (value != "unlimited" && !ulong.TryParse(value, out number))
        {
            throw new ErrnoException($"\"{value}\" is no value of the limit {name}", Errno.EINVAL);
        }
        var limit = new Libc.rlimit { rlim_cur = number, rlim_max = number };
        _ = SystemCall.Checked(Libc.setrlimit(resource, &limit), $"set the limit {name} to {value}");
    }

    /// <summary>
    /// Raises a hard limit of ours to a number at least, if we may; children inherit it. The soft one stays.
    /// </summary>
    /// <returns>The hard limit in force: less than asked for in a container that took the right to raise it away.</returns>
    public static ulong RaiseHardLimit(string name, ulong atLeast)
    {
        Libc.rlimit limit;
        _ = SystemCall.Checked(Libc.getrlimit(Limits[name], &limit), $"get the limit {name}");
        if (limit.rlim_max >= atLeast)
        {
            return limit.rlim_max;
        }
        var raised = new Libc.rlimit { rlim_cur = limit.rlim_cur, rlim_max = atLeast };
        return Libc.setrlimit(Limits[name], &raised) == 0 ? atLeast : limit.rlim_max;
    }

    public static void SetUmask(int mask) => _ = Libc.umask((uint)mask);

    public static void SetNice(int value) =>
        _ = SystemCall.Checked(Libc.setpriority(Libc.PRIO_PROCESS, 0, value), $"set the priority to {value}");

    public static void SetGroups(ReadOnlySpan<uint> groups)
    {
        fixed (uint* p = groups)
        {
            _ = SystemCall.Checked(Libc.setgroups((nuint)groups.Length, p), "setgroups");
        }
    }

    public static void SetGroup(uint group) =>
        _ = SystemCall.Checked(Libc.setresgid(group, group, group), $"become group {group}");

    /// <summary>Becomes a user for good; groups go first.</summary>
    public static void SetUser(uint user) => _ = SystemCall.Checked(Libc.setresuid(user, user, user), $"become user {user}");

    public static void ChangeDirectory(string path) => _ = SystemCall.Checked(Libc.chdir(path), $"chdir {path}");

    public static void ChangeRoot(string path) => _ = SystemCall.Checked(Libc.chroot(path), $"chroot {path}");

    /// <summary>Puts an open file in the place of a numbered one (0, 1, 2).</summary>
    public static void PutDescriptor(Handles.FileDescriptor from, int number) =>
        _ = SystemCall.Checked(Libc.dup2(from.Number, number), $"dup2 to {number}");

    /// <summary>What loses its parent below us comes to us instead of PID 1, and is ours to reap.</summary>
    public static void BecomeSubreaper() =>
        _ = SystemCall.Checked(Libc.prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER");
}
