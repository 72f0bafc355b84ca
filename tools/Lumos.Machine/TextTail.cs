using System.Text.RegularExpressions;

namespace Lumos.Machine;

/// <summary>The end of a log, fit to be shown to a person.</summary>
public static partial class TextTail
{
    /// <summary>The last <paramref name="count"/> lines, without terminal control sequences and carriage returns.</summary>
    public static string Of(string text, int count)
    {
        string plain = Controls().Replace(text, "");
        return string.Join('\n', plain.TrimEnd().Split('\n').TakeLast(count).Select(l => l.TrimEnd()));
    }

    public static string OfFile(string path, int count) => File.Exists(path) ? Of(File.ReadAllText(path), count) : "";

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>c]|\r")]
    private static partial Regex Controls();
}
