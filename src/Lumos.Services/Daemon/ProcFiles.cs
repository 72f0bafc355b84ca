using System.Globalization;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>What /proc says of one process.</summary>
public sealed record ProcessInfo(int Pid, string Command, string Arguments, DateTimeOffset Started, ulong StartTicks);

public static class ProcFiles
{
    private const int TicksPerSecond = 100; // USER_HZ, the same on all our machines

    /// <summary>When the process started, in clock ticks since boot: with its number, its identity. Null: there is none.</summary>
    public static ulong? StartTicks(int pid) => Stat(pid)?.StartTicks;

    /// <summary>Those of the processes that are (still) there.</summary>
    public static IReadOnlyList<ContractProcess> Living(IEnumerable<int> pids) =>
        [.. pids.Select(pid => Stat(pid) is { } stat ? new ContractProcess(pid, stat.StartTicks, stat.Parent) : null).OfType<ContractProcess>()];

    public static ProcessInfo? Read(int pid)
    {
        if (Stat(pid) is not { } stat)
        {
            return null;
        }
        string arguments;
        try
        {
            arguments = File.ReadAllText($"/proc/{pid}/cmdline").TrimEnd('\0').Replace('\0', ' ');
        }
        catch (IOException)
        {
            return null;
        }
        var boot = DateTimeOffset.UtcNow - Lumos.Linux.Machine.Kernel.Uptime();
        return new ProcessInfo(
            pid, stat.Command, arguments.Length > 0 ? arguments : stat.Command, boot + TimeSpan.FromSeconds((double)stat.StartTicks / TicksPerSecond), stat.StartTicks);
    }

    private static (string Command, int Parent, ulong StartTicks)? Stat(int pid)
    {
        try
        {
            // "pid (command) state ppid …": the command may hold spaces and parentheses, so look for the last one.
            string text = File.ReadAllText($"/proc/{pid}/stat");
            int open = text.IndexOf('('), close = text.LastIndexOf(')');
            string[] rest = text[(close + 2)..].Split(' ');
            return rest[0] is "Z" or "X" ? null : (text[(open + 1)..close], int.Parse(rest[1], CultureInfo.InvariantCulture), ulong.Parse(rest[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
