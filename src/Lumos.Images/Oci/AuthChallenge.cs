namespace Lumos.Images.Oci;

/// <summary>How a registry wants to be told who asks (RFC 9110, 11.6.1): a scheme and its parameters.</summary>
public sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>A parameter; null: it is not there.</summary>
    public string? this[string name] => Parameters.GetValueOrDefault(name);

    /// <summary>All challenges of a header; one may hold several, and what cannot be read ends it.</summary>
    public static IReadOnlyList<AuthChallenge> Parse(string header)
    {
        var challenges = new List<AuthChallenge>();
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (int at = 0; at < header.Length;)
        {
            at = Skip(header, at, " \t,");
            int end = at;
            while (end < header.Length && IsToken(header[end]))
            {
                end++;
            }
            if (end == at)
            {
                break;
            }
            string word = header[at..end];
            at = Skip(header, end, " \t");
            if (at < header.Length && header[at] == '=' && challenges.Count > 0)
            {
                at = Skip(header, at + 1, " \t");
                parameters[word] = Value(header, ref at);
            }
            else
            {
                parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                challenges.Add(new AuthChallenge(word.ToLowerInvariant(), parameters));
            }
        }
        return challenges;
    }

    private static string Value(string header, ref int at)
    {
        if (at >= header.Length || header[at] != '"')
        {
            int start = at;
            while (at < header.Length && header[at] is not (',' or ' ' or '\t'))
            {
                at++;
            }
            return header[start..at];
        }
        var text = new System.Text.StringBuilder();
        for (at++; at < header.Length && header[at] != '"'; at++)
        {
            if (header[at] == '\\' && at + 1 < header.Length)
            {
                at++;
            }
            text.Append(header[at]);
        }
        at++;
        return text.ToString();
    }

    private static int Skip(string header, int at, string what)
    {
        while (at < header.Length && what.Contains(header[at]))
        {
            at++;
        }
        return at;
    }

    private static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
}
