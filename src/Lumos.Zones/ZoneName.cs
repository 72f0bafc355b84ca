using System.Diagnostics.CodeAnalysis;
using Lumos.Core;

namespace Lumos.Zones;

/// <summary>
/// The name of a zone, which for every zone that vmadm makes is its UUID. It becomes a file name, a cgroup and a container
/// id, so only letters, digits, '-', '_' and '.' pass, as in illumos: 63 characters at most, the first a letter or digit.
/// </summary>
public sealed record ZoneName
{
    private ZoneName(string text) => Text = text;

    /// <summary>The machine itself.</summary>
    public static ZoneName Global { get; } = new("global");

    public string Text { get; }

    public bool IsGlobal => Text == "global";

    public static bool TryParse(string? text, [NotNullWhen(true)] out ZoneName? name)
    {
        name = null;
        if (string.IsNullOrEmpty(text) || text.Length > 63 || !char.IsAsciiLetterOrDigit(text[0])
            || text.StartsWith("SUNW", StringComparison.Ordinal))
        {
            return false;
        }
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }
        name = new ZoneName(text);
        return true;
    }

    /// <exception cref="LumosException">InvalidZoneName</exception>
    public static ZoneName Parse(string text) => TryParse(text, out var name)
        ? name
        : throw new LumosException("InvalidZoneName", $"\"{text}\" is not a valid zone name");

    public override string ToString() => Text;
}
