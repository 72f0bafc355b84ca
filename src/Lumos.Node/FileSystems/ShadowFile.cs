namespace Lumos.Node.FileSystems;

/// <summary>The text of /etc/shadow: one account a line, NAME:HASH:….</summary>
internal static class ShadowFile
{
    /// <summary>
    /// The persistent file with the accounts that only the image knows added: a new platform may bring new system accounts.
    /// </summary>
    internal static string Merge(string persistent, string image)
    {
        var known = Lines(persistent).Select(Name).ToHashSet(StringComparer.Ordinal);
        return Text(Lines(persistent).Concat(Lines(image).Where(line => !known.Contains(Name(line)))));
    }

    /// <summary>The text with that account's hash; the account is added when missing.</summary>
    /// <param name="day">Days since 1970, the date of the change.</param>
    internal static string WithHash(string text, string account, string hash, long day)
    {
        var lines = Lines(text).ToList();
        int at = lines.FindIndex(line => Name(line) == account);
        if (at < 0)
        {
            lines.Insert(0, $"{account}:{hash}:{day}:0:99999:7:::");
            return Text(lines);
        }
        string[] fields = lines[at].Split(':');
        if (fields.Length > 1 && fields[1] == hash)
        {
            return Text(lines);
        }
        string[] rest = fields.Length == 9 ? fields[3..] : ["0", "99999", "7", "", "", ""];
        lines[at] = string.Join(':', [account, hash, day.ToString(System.Globalization.CultureInfo.InvariantCulture), .. rest]);
        return Text(lines);
    }

    /// <summary>Whether the text can be a hash field: it neither ends the field nor the line.</summary>
    internal static bool IsHash(string text) => text.Length > 0 && !text.Any(c => c == ':' || char.IsControl(c));

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Contains(':', StringComparison.Ordinal));

    private static string Name(string line) => line[..line.IndexOf(':', StringComparison.Ordinal)];

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));
}
