namespace Lumos.Network.Model;

/// <summary>Names of nic tags: letters, digits and "_", not led by a digit, at most as long as a Linux link's name.</summary>
public static class NicTagName
{
    /// <summary>SmartOS allows 31 characters; a link's name, and so a bridge's, has 15.</summary>
    public const int MaxLength = 15;

    /// <summary>The fault as the rest of a sentence that begins with the name; null when it will do.</summary>
    public static string? Fault(string name) =>
        name.Length == 0 ? "is empty"
        : !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? "may hold letters, digits and \"_\" only"
        : char.IsAsciiDigit(name[0]) ? "may not begin with a digit"
        : name.Length > MaxLength ? $"is longer than {MaxLength} characters, the longest name of a link"
        : null;
}
