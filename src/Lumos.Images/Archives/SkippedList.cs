namespace Lumos.Images.Archives;

/// <summary>Gathers what was left out of a tree: one sentence a kind, however often it was met.</summary>
internal sealed class SkippedList
{
    private const int MostKinds = 200;

    private readonly SortedDictionary<string, (long Count, string First)> _kinds = new(StringComparer.Ordinal);

    /// <param name="kind">What it is, in the plural.</param>
    public void Add(string kind, ReadOnlySpan<byte> entry)
    {
        // Some kinds have a name that the archive gives: of those there may be as many as it likes.
        if (_kinds.Count >= MostKinds && !_kinds.ContainsKey(kind))
        {
            kind = "things of further kinds";
        }
        _kinds[kind] = _kinds.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (1, ArchiveFault.Shown(entry));
    }

    public IReadOnlyList<string> ToSentences() =>
        [.. _kinds.Select(k => k.Value.Count == 1 ? $"{k.Key}: {k.Value.First}" : $"{k.Key}: {k.Value.Count} of them, the first {k.Value.First}")];
}
