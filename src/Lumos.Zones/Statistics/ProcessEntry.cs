using System.Globalization;
using System.Text;

namespace Lumos.Zones.Statistics;

/// <summary>A process as ps shows it.</summary>
/// <param name="User">Its user, as the machine numbers it.</param>
/// <param name="Terminal">"?" for none.</param>
/// <param name="CpuTime">User and system together.</param>
/// <param name="Rss">Bytes.</param>
/// <param name="Command">Its words, or its name in brackets.</param>
public sealed record ProcessEntry(
    int Pid, int Parent, uint User, string Name, string Terminal, DateTimeOffset Start, TimeSpan CpuTime, long Rss, string Command)
{
    private const int TicksPerSecond = 100; // USER_HZ

    /// <summary>All of the machine, by number.</summary>
    public static IEnumerable<ProcessEntry> ReadAll()
    {
        var boot = DateTimeOffset.UtcNow - TimeSpan.FromMilliseconds(Environment.TickCount64);
        return Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid > 0).Order().Select(pid => TryRead(pid, boot)).OfType<ProcessEntry>();
    }

    /// <summary>Null: it has ended.</summary>
    public static ProcessEntry? TryRead(int pid, DateTimeOffset boot)
    {
        try
        {
            string folder = $"/proc/{pid}";
            string words = Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/cmdline"));
            return Parse(File.ReadAllText(folder + "/stat"), File.ReadAllText(folder + "/status"), words, boot);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Pure.</summary>
    internal static ProcessEntry Parse(string stat, string status, string words, DateTimeOffset boot)
    {
        // The name, in parentheses, may hold anything; fields count from after it, the state being the third.
        int open = stat.IndexOf('('), close = stat.LastIndexOf(')');
        string name = Printable(stat[(open + 1)..close]);
        string[] fields = stat[(close + 2)..].Split(' ');
        long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
        string uid = status.Split('\n').First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
        return new ProcessEntry(
            int.Parse(stat[..(open - 1)], CultureInfo.InvariantCulture), (int)Field(4), uint.Parse(uid, CultureInfo.InvariantCulture), name,
            TerminalOf(Field(7)), boot + TimeSpan.FromSeconds((double)Field(22) / TicksPerSecond),
            TimeSpan.FromSeconds((double)(Field(14) + Field(15)) / TicksPerSecond), Field(24) * Environment.SystemPageSize,
            words.Length > 0 ? Printable(words.TrimEnd('\0').Replace('\0', ' ')) : $"[{name}]");
    }

    // A tenant chooses names and words: no control character of theirs reaches the administrator's terminal.
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private static string TerminalOf(long device)
    {
        long major = device >> 8 & 0xfff, minor = device & 0xff | device >> 12 & 0xfff00;
        return major switch
        {
            0 => "?",
            4 when minor < 64 => $"tty{minor}",
            4 => $"ttyS{minor - 64}",
            >= 136 and <= 143 => $"pts/{minor + (major - 136) * 256}",
            5 when minor == 1 => "console",
            _ => $"{major},{minor}",
        };
    }
}
