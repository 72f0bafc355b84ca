namespace Lumos.Core;

/// <summary>Shell patterns: * any run, ? any one character, [a-z] or [!a-z] one of a set; a slash is a character like others.</summary>
public static class Glob
{
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (!pattern.IsEmpty)
        {
            switch (pattern[0])
            {
                case '*':
                    pattern = pattern.TrimStart('*');
                    if (pattern.IsEmpty)
                    {
                        return true;
                    }
                    for (int i = 0; i <= text.Length; i++)
                    {
                        if (IsMatch(pattern, text[i..]))
                        {
                            return true;
                        }
                    }
                    return false;
                case '[' when pattern[1..].IndexOf(']') is > 0 and var end:
                    if (text.IsEmpty || !InSet(pattern.Slice(1, end), text[0]))
                    {
                        return false;
                    }
                    pattern = pattern[(end + 2)..];
                    break;
                default:
                    if (text.IsEmpty || (pattern[0] != '?' && pattern[0] != text[0]))
                    {
                        return false;
                    }
                    pattern = pattern[1..];
                    break;
            }
            text = text[1..];
        }
        return text.IsEmpty;
    }

    private static bool InSet(ReadOnlySpan<char> set, char c)
    {
        bool negated = set[0] is '!' or '^';
        bool found = false;
        for (int i = negated ? 1 : 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= c == set[i];
            }
        }
        return found != negated;
    }
}
