using System.Globalization;

namespace Lumos.Services.Methods;

/// <summary>The two built-in methods, <c>:true</c> and <c>:kill [-SIGNAL]</c>.</summary>
public static class BuiltInMethod
{
    private static readonly string[] Names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
    ];

    public static bool IsNull(string exec) => exec.Trim() == ":true";

    /// <summary>The signal that a :kill method sends (TERM when it names none); null: not a :kill method.</summary>
    public static int? KillSignal(string exec)
    {
        var words = exec.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 1 or > 2 || words[0] != ":kill")
        {
            return null;
        }
        if (words.Length == 1)
        {
            return 15;
        }
        string name = words[1].TrimStart('-');
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return number is > 0 and < 65 ? number : null;
        }
        int index = Array.IndexOf(Names, name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name);
        return index > 0 ? index : null;
    }

    /// <summary>The signal's name without SIG.</summary>
    public static string SignalName(int signal) =>
        signal > 0 && signal < Names.Length ? Names[signal] : signal.ToString(CultureInfo.InvariantCulture);
}
