namespace Lumos.Machine;

/// <summary>ssh hands one line to the remote shell; quoted so, words arrive there as they were.</summary>
public static class ShellWords
{
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    /// <summary>A word in single quotes, unless it needs none.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,@%+".Contains(c))
            ? word
            : "'" + word.Replace("'", "'\\''") + "'";
}
