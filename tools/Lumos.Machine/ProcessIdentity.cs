using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;

namespace Lumos.Machine;

/// <summary>
/// A process told apart from a later one with the same number by the time it started (field 22 of /proc/PID/stat, in clock
/// ticks since the host booted). We signal a process of a file only after this comparison, so never a stranger.
/// </summary>
public sealed record ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>True while that very process runs (a zombie does not).</summary>
    public bool IsAlive => Of(Pid) is { } now && now.StartTime == StartTime;

    /// <summary>Who has this number now, or null when nobody has.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            // The second field is the name in parentheses and may hold spaces and parentheses itself.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessIdentity(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static ProcessIdentity FromJson(JsonNode json) => new((int)json["pid"]!, (ulong)json["start_time"]!);

    public JsonObject ToJson() => new() { ["pid"] = Pid, ["start_time"] = StartTime };

    /// <summary>Sends a signal (a name such as TERM) if that very process still runs.</summary>
    public void Signal(string name)
    {
        if (IsAlive)
        {
            Tool.Run("sh", "-c", "kill -s \"$0\" \"$1\"", name, Pid.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Waits for the end of a process that need not be our child.</summary>
    public bool WaitForEnd(TimeSpan limit) => Deadline.Poll(limit, TimeSpan.FromMilliseconds(50), () => !IsAlive);
}
