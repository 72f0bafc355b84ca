using Lumos.Core;

namespace Lumos.Services.Model;

/// <summary>What the service commands need of names beyond parsing them.</summary>
public static class FmriExtensions
{
    /// <summary>The name used for an instance's log and contract: <c>network-ssh:default</c>.</summary>
    public static string Slug(this Fmri fmri) => $"{fmri.Service.Replace('/', '-')}:{fmri.Instance}";

    /// <summary>Sorts by the whole text, as svcs does.</summary>
    public static IEnumerable<Fmri> Sorted(this IEnumerable<Fmri> names) =>
        names.OrderBy(f => f.ToString(), StringComparer.Ordinal);

    /// <summary>Whether the text may name a property group or a property.</summary>
    public static bool IsPropertyName(string text) =>
        text.Length is > 0 and < 120 && (char.IsAsciiLetterOrDigit(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ',');
}
