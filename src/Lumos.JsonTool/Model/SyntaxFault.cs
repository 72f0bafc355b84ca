namespace Lumos.JsonTool.Model;

/// <summary>What is wrong with a text, and where.</summary>
internal sealed class SyntaxFault(string what, int position) : Exception(what)
{
    /// <summary>Longer lines are shown in part: around the fault.</summary>
    private const int LongestLine = 1000, Around = 60;

    private const string Indent = "        ";

    internal int Position => position;

    /// <summary>"WHAT at line L, column C:", the line, and a pointer to the place below it.</summary>
    /// <param name="earlierLines">Lines that went before this text.</param>
    internal string Explain(string text, int earlierLines = 0)
    {
        int start = position == 0 ? 0 : text.LastIndexOf('\n', position - 1) + 1;
        int end = text.IndexOf('\n', position);
        end = end < 0 ? text.Length : end;
        int line = earlierLines + 1 + text.AsSpan(0, start).Count('\n');
        string head = $"{Message} at line {line}, column {position - start + 1}:";
        int from = start, to = end;
        if (end - start > LongestLine)
        {
            from = Math.Max(start, position - Around);
            to = Math.Min(end, position + Around);
        }
        string before = from > start ? "… " : "", after = to < end ? " …" : "";
        return $"{head}\n{Indent}{before}{text[from..to].TrimEnd('\r')}{after}\n{Indent}{new string('.', before.Length + position - from)}^";
    }
}
