using System.Text;
using System.Text.RegularExpressions;

namespace Lumos.LiveImage.Recipe;

/// <summary>
/// A pattern over relative paths: "*" any run within one name, "**" any run across folders, "[a-z]" one of a set. A
/// pattern that matches a folder stands for all that is in it.
/// </summary>
public sealed class PathPattern
{
    private readonly Regex _regex;

    public PathPattern(string pattern)
    {
        Text = pattern;
        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '*' && i + 1 < pattern.Length && pattern[i + 1] == '*')
            {
                regex.Append(".*");
                i++;
            }
            else if (c == '*')
            {
                regex.Append("[^/]*");
            }
            else if (c is '[' or ']' || (c == '-' && pattern.LastIndexOf('[', i) > pattern.LastIndexOf(']', i)))
            {
                regex.Append(c);
            }
            else
            {
                regex.Append(Regex.Escape(c.ToString()));
            }
        }
        _regex = new Regex(regex.Append('$').ToString(), RegexOptions.CultureInvariant);
    }

    public string Text { get; }

    public bool Matches(string path) => _regex.IsMatch(path);

    public override string ToString() => Text;
}
