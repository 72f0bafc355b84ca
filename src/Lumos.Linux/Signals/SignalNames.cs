using System.Globalization;

namespace Lumos.Linux.Signals;

/// <summary>Names of signals, as people and other programs write them.</summary>
public static class SignalNames
{
    // Linux's numbers on the architectures we build for.
    private static readonly Dictionary<string, int> s_numbers = new(StringComparer.Ordinal)
    {
        ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ABRT"] = 6, ["KILL"] = 9, ["USR1"] = 10, ["SEGV"] = 11, ["USR2"] = 12,
        ["PIPE"] = 13, ["ALRM"] = 14, ["TERM"] = 15, ["CHLD"] = 17, ["CONT"] = 18, ["STOP"] = 19, ["TSTP"] = 20, ["WINCH"] = 28,
        ["PWR"] = 30,
    };

    /// <summary>TERM, SIGTERM, 15, SIGRTMIN+3.</summary>
    public static bool TryParse(string text, out int signal)
    {
        string name = text.StartsWith("SIG", StringComparison.Ordinal) ? text[3..] : text;
        if (s_numbers.TryGetValue(name, out signal))
        {
            return true;
        }
        bool real = name.StartsWith("RTMIN+", StringComparison.Ordinal);
        if (!int.TryParse(real ? name[6..] : name, NumberStyles.None, CultureInfo.InvariantCulture, out signal))
        {
            return false;
        }
        signal += real ? Signal.RTMIN : 0;
        return signal is > 0 and < 65;
    }
}
