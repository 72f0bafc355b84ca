using System.Collections.Immutable;

namespace Lumos.Zones.Runtime;

internal static class Collections
{
    internal static ImmutableSortedDictionary<string, string> ToImmutableSorted(this Dictionary<string, string> map) =>
        map.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
