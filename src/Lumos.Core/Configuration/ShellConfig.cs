using System.Text;

namespace Lumos.Core.Configuration;

/// <summary>
/// A file of shell assignments such as /usbkey/config: <c>key=value</c>, values bare, in single or in double quotes. It can
/// be sourced by a shell and is edited by people, so a change keeps every other line (comments, order, spelling) as it is.
/// Nothing is expanded: what a shell would expand (backquotes, <c>$</c> within double quotes) is refused, because it would
/// mean one thing to us and another to the shell; a bare <c>$</c> is taken as it is, for password hashes.
/// </summary>
public sealed class ShellConfig
{
    private readonly List<Line> _lines;

    private ShellConfig(List<Line> lines) => _lines = lines;

    public static ShellConfig Empty => new([]);

    /// <summary>The keys in the order of their first appearance.</summary>
    public IEnumerable<string> Keys => _lines.Where(l => l.Key is not null).Select(l => l.Key!).Distinct();

    /// <summary>The value (the last one, as a shell would have it), or null when the key is absent.</summary>
    public string? this[string key] => _lines.LastOrDefault(l => l.Key == key)?.Value;

    /// <summary>The value, with "" taken as absent.</summary>
    public string? NonEmpty(string key) => this[key] is { Length: > 0 } value ? value : null;

    /// <param name="text">The file's text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="LumosException">BadConfigFile: a line is no assignment; the message names file and line.</exception>
    public static ShellConfig Parse(string text, string file = "/usbkey/config")
    {
        var lines = new List<Line>();
        string[] rows = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        int count = rows.Length > 0 && rows[^1].Length == 0 ? rows.Length - 1 : rows.Length;
        for (int i = 0; i < count; i++)
        {
            string trimmed = rows[i].Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#')
            {
                lines.Add(new Line(rows[i], null, null));
                continue;
            }
            if (trimmed.StartsWith("export ", StringComparison.Ordinal))
            {
                trimmed = trimmed[7..].TrimStart();
            }
            int equals = trimmed.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !IsKey(trimmed[..equals]))
            {
                throw new LumosException("BadConfigFile", $"{file} line {i + 1} is not key=value: {trimmed}");
            }
            lines.Add(new Line(rows[i], trimmed[..equals], Unquote(trimmed[(equals + 1)..], file, i + 1)));
        }
        return new ShellConfig(lines);
    }

    /// <summary>A copy in which the key has the value: its line is replaced where it stands, else added at the end.</summary>
    public ShellConfig With(string key, string value)
    {
        if (!IsKey(key))
        {
            throw new ArgumentException($"\"{key}\" cannot be a key of a configuration file", nameof(key));
        }
        var lines = new List<Line>(_lines);
        var line = new Line($"{key}={Quote(value)}", key, value);
        int at = lines.FindLastIndex(l => l.Key == key);
        if (at < 0)
        {
            lines.Add(line);
        }
        else
        {
            lines[at] = line;
            lines.RemoveAll(l => l.Key == key && !ReferenceEquals(l, line));
        }
        return new ShellConfig(lines);
    }

    /// <summary>A copy with a comment line at the end.</summary>
    public ShellConfig WithComment(string comment) => new([.. _lines, new Line(comment.Length == 0 ? "" : $"# {comment}", null, null)]);

    /// <summary>A copy without the key.</summary>
    public ShellConfig Without(string key) => new(_lines.Where(l => l.Key != key).ToList());

    /// <summary>The file's text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var line in _lines)
        {
            text.Append(line.Text).Append('\n');
        }
        return text.ToString();
    }

    private static bool IsKey(string key) =>
        !char.IsAsciiDigit(key[0]) && key.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string Quote(string value)
    {
        bool bare = value.All(c => char.IsAsciiLetterOrDigit(c) || "_-.:,/@+%=".Contains(c, StringComparison.Ordinal));
        return bare ? value : "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    private static string Unquote(string text, string file, int line)
    {
        var value = new StringBuilder();
        int i = 0;
        while (i < text.Length)
        {
            char c = text[i++];
            switch (c)
            {
                case '\'':
                    int end = text.IndexOf('\'', i);
                    if (end < 0)
                    {
                        throw Fault("has a quote that is not closed");
                    }
                    value.Append(text, i, end - i);
                    i = end + 1;
                    break;
                case '"':
                    while (true)
                    {
                        if (i >= text.Length)
                        {
                            throw Fault("has a quote that is not closed");
                        }
                        c = text[i++];
                        if (c == '"')
                        {
                            break;
                        }
                        if (c == '\\' && i < text.Length && "\"\\$`".Contains(text[i], StringComparison.Ordinal))
                        {
                            c = text[i++];
                        }
                        else if (c is '$' or '`')
                        {
                            throw Fault("uses a shell expansion; write the value itself, or quote it with '");
                        }
                        value.Append(c);
                    }
                    break;
                case '\\' when i < text.Length:
                    value.Append(text[i++]);
                    break;
                case '`':
                case ';':
                    throw Fault("uses a shell expansion; write the value itself, or quote it with '");
                case ' ' or '\t':
                    string rest = text[i..].TrimStart();
                    if (rest.Length > 0 && rest[0] != '#')
                    {
                        throw Fault($"has words after the value: {rest}");
                    }
                    return value.ToString();
                default:
                    value.Append(c);
                    break;
            }
        }
        return value.ToString();

        LumosException Fault(string what) => new("BadConfigFile", $"{file} line {line} {what}");
    }

    private sealed record Line(string Text, string? Key, string? Value);
}
