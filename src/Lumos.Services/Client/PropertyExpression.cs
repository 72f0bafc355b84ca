using System.Collections.Immutable;
using System.Text;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>svccfg's <c>setprop GROUP/NAME = [TYPE:] VALUE</c>, where VALUE may be several in parentheses and each may be quoted.</summary>
public sealed record PropertyExpression(string Group, string Name, string? Type, ImmutableArray<string> Values)
{
    /// <exception cref="UsageException">It is not of that form.</exception>
    public static PropertyExpression Parse(string text)
    {
        int equals = text.IndexOf('=');
        var (group, name) = ParseName(equals < 0 ? "" : text[..equals].Trim());
        string rest = text[(equals + 1)..].Trim();
        string? type = null;
        int colon = rest.IndexOf(':');
        if (colon > 0 && FmriExtensions.IsPropertyName(rest[..colon]) && PropertyTypes.IsKnown(rest[..colon]))
        {
            type = rest[..colon];
            rest = rest[(colon + 1)..].Trim();
        }
        if (!rest.StartsWith('('))
        {
            return new PropertyExpression(group, name, type, [rest.StartsWith('"') ? Words(rest).Single() : rest]);
        }
        return rest.EndsWith(')')
            ? new PropertyExpression(group, name, type, Words(rest[1..^1]))
            : throw new UsageException($"\"{text}\": the list of values has no closing parenthesis");
    }

    public static (string Group, string Name) ParseName(string text)
    {
        int slash = text.IndexOf('/');
        return slash > 0 && FmriExtensions.IsPropertyName(text[..slash]) && FmriExtensions.IsPropertyName(text[(slash + 1)..])
            ? (text[..slash], text[(slash + 1)..])
            : throw new UsageException("a property is set by: setprop GROUP/NAME = [TYPE:] VALUE");
    }

    private static ImmutableArray<string> Words(string text)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }
            var word = new StringBuilder();
            if (text[i] == '"')
            {
                for (i++; i < text.Length && text[i] != '"'; i++)
                {
                    if (text[i] == '\\' && i + 1 < text.Length)
                    {
                        i++;
                    }
                    word.Append(text[i]);
                }
                if (i++ >= text.Length)
                {
                    throw new UsageException($"\"{text}\": a quote is not closed");
                }
            }
            else
            {
                for (; i < text.Length && !char.IsWhiteSpace(text[i]); i++)
                {
                    word.Append(text[i]);
                }
            }
            words.Add(word.ToString());
        }
        return words.ToImmutable();
    }
}
