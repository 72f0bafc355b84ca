namespace Lumos.Linux.Signals;

/// <summary>Signal numbers by their header names (x86_64 and arm64).</summary>
public static class Signal
{
    public const int HUP = 1, INT = 2, QUIT = 3, ABRT = 6, KILL = 9, USR1 = 10, SEGV = 11, USR2 = 12, PIPE = 13, ALRM = 14, TERM = 15, CHLD = 17,
        CONT = 18, STOP = 19, TSTP = 20, TTIN = 21, TTOU = 22, WINCH = 28, PWR = 30;

    /// <summary>The C library's first real-time signal that is free to use (it keeps two for itself).</summary>
    public const int RTMIN = 34;

    /// <summary>Reads TERM, SIGTERM, 15, RTMIN+3 …</summary>
    public static bool TryParse(string text, out int number)
    {
        string name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        name = name.ToUpperInvariant();
        if (int.TryParse(name, out number))
        {
            return number is > 0 and <= 64;
        }
        if (name.StartsWith("RTMIN", StringComparison.Ordinal))
        {
            string plus = name[5..];
            number = RTMIN;
            if (plus.Length > 0)
            {
                number = plus[0] == '+' && int.TryParse(plus[1..], out int offset) ? RTMIN + offset : 0;
            }
            return number is >= RTMIN and <= 64;
        }
        number = name switch
        {
            "HUP" => HUP, "INT" => INT, "QUIT" => QUIT, "ABRT" => ABRT, "KILL" => KILL, "USR1" => USR1, "SEGV" => SEGV, "USR2" => USR2, "PIPE" => PIPE,
            "ALRM" => ALRM, "TERM" => TERM, "CHLD" => CHLD, "CONT" => CONT, "STOP" => STOP, "TSTP" => TSTP, "TTIN" => TTIN,
            "TTOU" => TTOU, "WINCH" => WINCH, "PWR" => PWR,
            _ => 0,
        };
        return number != 0;
    }
}
