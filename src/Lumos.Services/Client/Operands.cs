using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>From words to instances, with SMF's complaints.</summary>
internal static class Operands
{
    internal static bool IsPattern(string operand) => operand.AsSpan().IndexOfAny("*?[") >= 0;

    /// <summary>
    /// All instances that the words name, each once. A word that names nothing, or (unless many are allowed) an abbreviation that
    /// names several services, is told to <paramref name="complain"/> and left out.
    /// </summary>
    internal static ImmutableArray<InstanceView> Find(
        IEnumerable<string> words, ImmutableArray<InstanceView> all, bool manyAllowed, Action<string> complain)
    {
        var found = new List<InstanceView>();
        foreach (string word in words)
        {
            var matches = all.Where(i => i.Fmri.Matches(word)).ToList();
            if (matches.Count == 0)
            {
                complain($"Pattern '{word}' doesn't match any instances");
            }
            else if (!manyAllowed && !IsPattern(word) && matches.Count > 1)
            {
                complain($"Pattern '{word}' matches multiple instances:{string.Concat(matches.Select(m => $"\n\t{m.Fmri}"))}");
            }
            else
            {
                found.AddRange(matches.Where(m => !found.Contains(m)));
            }
        }
        return [.. found.OrderBy(i => i.Fmri.ToString(), StringComparer.Ordinal)];
    }
}
