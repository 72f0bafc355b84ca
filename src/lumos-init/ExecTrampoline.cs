using Lumos.Linux;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Machine;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Linux.Terminals;

namespace Lumos.Init;

/// <summary>
/// <c>lumos-init --exec OPTIONS -- PROGRAM ARGV0 ARGS…</c>: does to its own process what posix_spawn cannot (cgroup,
/// limits, terminal, user) and becomes the program. Asked for by <see cref="Trampoline"/>; not for people.
/// Ends with 127 when the program is not there, 126 for any other failure, saying which on standard error.
/// </summary>
/// <remarks>
/// The order matters: the cgroup while we still may write there, limits and priority before the privileges go,
/// groups before the user.
/// </remarks>
internal static class ExecTrampoline
{
    internal static int Run(ReadOnlySpan<string> words)
    {
        try
        {
            Do(words);
            return 126; // not reached: Do becomes the program or throws
        }
        catch (Exception e)
        {
            Say.Line($"lumos-init --exec: {e.Message}");
            return e is ErrnoException { Errno: Errno.ENOENT } ? 127 : 126;
        }
    }

    private static void Do(ReadOnlySpan<string> words)
    {
        uint? user = null, group = null;
        uint[]? groups = null;
        bool terminal = false;
        int i = 0;
        for (; i < words.Length && words[i] != "--"; i++)
        {
            if (words[i] == "--tty")
            {
                terminal = true;
                continue;
            }
            string value = i + 1 < words.Length ? words[i + 1] : throw new FormatException($"{words[i]} needs a value");
            switch (words[i])
            {
                case "--cgroup":
                    new Cgroup(value).Add(0);
                    break;
                case "--rlimit":
                    int equals = value.IndexOf('=', StringComparison.Ordinal);
                    SelfProcess.SetLimit(value[..Math.Max(0, equals)], value[(equals + 1)..]);
                    break;
                case "--umask":
                    SelfProcess.SetUmask(Convert.ToInt32(value, 8));
                    break;
                case "--nice":
                    SelfProcess.SetNice(int.Parse(value));
                    break;
                case "--groups":
                    groups = [.. value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)];
                    break;
                case "--group":
                    group = uint.Parse(value);
                    break;
                case "--user":
                    user = uint.Parse(value);
                    break;
                default:
                    throw new FormatException($"unknown option {words[i]}");
            }
            i++;
        }
        if (words.Length < i + 3)
        {
            throw new FormatException("no program");
        }
        if (terminal)
        {
            Terminal.StartSession();
            Terminal.MakeControlling(Terminal.StandardInput);
        }
        if (groups is not null || user is not null)
        {
            SelfProcess.SetGroups(groups ?? []);
        }
        if (group is { } gid)
        {
            SelfProcess.SetGroup(gid);
        }
        if (user is { } uid)
        {
            SelfProcess.SetUser(uid);
        }
        var environment = Execute.CurrentEnvironment();
        // The runtime ignores PIPE for itself; the program expects the default.
        ProcessSignals.ResetAll();
        Execute.Replace(words[i + 1], words[(i + 2)..].ToArray(), environment);
    }
}
