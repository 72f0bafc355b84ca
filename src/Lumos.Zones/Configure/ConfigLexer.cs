using System.Collections.Immutable;
using System.Text;

namespace Lumos.Zones.Configure;

/// <summary>What a token is: a word, one of the signs, or the end of a command (a semicolon or the end of a line).</summary>
public enum ConfigTokenKind
{
    Word,
    Equal,
    Comma,
    OpenList,
    CloseList,
    OpenComplex,
    CloseComplex,
    End,
}

/// <param name="Text">A word without its quotation marks.</param>
/// <param name="Quoted">It stood in quotation marks, so it is a value and never an option.</param>
public sealed record ConfigToken(ConfigTokenKind Kind, string Text, bool Quoted, int Line);

/// <summary>
/// Cuts zonecfg's commands into tokens. Words end at blanks and at the signs <c>; = [ ] ( )</c>; a comma is a sign only within
/// brackets, so that <c>default,sys_time</c> is one word. Quotation marks hold anything; two of them stand for one. A
/// <c>#</c> where a command would begin starts a comment.
/// </summary>
public static class ConfigLexer
{
    /// <exception cref="ConfigSyntaxException">A quotation mark is not closed.</exception>
    public static ImmutableArray<ConfigToken> Cut(string text)
    {
        var tokens = ImmutableArray.CreateBuilder<ConfigToken>();
        int line = 1, depth = 0, at = 0;
        while (at < text.Length)
        {
            char c = text[at];
            switch (c)
            {
                case ' ' or '\t' or '\r':
                    at++;
                    break;
                case '\n' or ';':
                    tokens.Add(new ConfigToken(ConfigTokenKind.End, c.ToString(), false, line));
                    line += c == '\n' ? 1 : 0;
                    depth = 0;
                    at++;
                    break;
                case '#' when tokens.Count == 0 || tokens[^1].Kind == ConfigTokenKind.End:
                    while (at < text.Length && text[at] != '\n')
                    {
                        at++;
                    }
                    break;
                case '"':
                    int begin = line;
                    string quoted = Quoted(text, ref at, ref line);
                    tokens.Add(new ConfigToken(ConfigTokenKind.Word, quoted, true, begin));
                    break;
                default:
                    if (Sign(c, depth) is { } kind)
                    {
                        depth += kind is ConfigTokenKind.OpenList or ConfigTokenKind.OpenComplex ? 1
                            : kind is ConfigTokenKind.CloseList or ConfigTokenKind.CloseComplex ? -1 : 0;
                        tokens.Add(new ConfigToken(kind, c.ToString(), false, line));
                        at++;
                        break;
                    }
                    int start = at;
                    while (at < text.Length && !IsBreak(text[at], depth))
                    {
                        at++;
                    }
                    tokens.Add(new ConfigToken(ConfigTokenKind.Word, text[start..at], false, line));
                    break;
            }
        }
        tokens.Add(new ConfigToken(ConfigTokenKind.End, "", false, line));
        return tokens.ToImmutable();
    }

    /// <summary>A text as one word that reads back as it is.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text[0] is not ('-' or '#') && !text.Any(c => IsBreak(c, depth: 1)) && !text.Any(char.IsControl)
            ? text
            : "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Quoted(string text, ref int at, ref int line)
    {
        int begin = line;
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                if (at == text.Length || text[at] != '"')
                {
                    return value.ToString();
                }
            }
            line += text[at] == '\n' ? 1 : 0;
            value.Append(text[at]);
        }
        throw new ConfigSyntaxException(begin, "a quotation mark is not closed");
    }

    private static ConfigTokenKind? Sign(char c, int depth) => c switch
    {
        '=' => ConfigTokenKind.Equal,
        '[' => ConfigTokenKind.OpenList,
        ']' => ConfigTokenKind.CloseList,
        '(' => ConfigTokenKind.OpenComplex,
        ')' => ConfigTokenKind.CloseComplex,
        ',' when depth > 0 => ConfigTokenKind.Comma,
        _ => null,
    };

    private static bool IsBreak(char c, int depth) => c is ' ' or '\t' or '\r' or '\n' or ';' or '"' || Sign(c, depth) is not null;
}
