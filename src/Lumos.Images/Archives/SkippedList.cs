namespace Lumos.Images.Archives;

/// <summary>Gathers what was left out of a tree: one sentence a kind, however often it was met.</summary>
internal sealed class SkippedList
{
    private readonly SortedDictionary<string, (long Count, string First)> _kinds = new(StringComparer.Ordinal);

    /// <param name="kind">What it is, in the plural.</param>
    public void Add(string kind, ReadOnlySpan<byte> entry) =>
        _kinds[kind] = _kinds.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (1, ArchiveFault.Shown(entry));

    public IReadOnlyList<string> ToSentences() =>
        [.. _kinds.Select(k => k.Value.Count == 1 ? $"{k.Key}: {k.Value.First}" : $"{k.Key}: {k.Value.Count} of them, the first {k.Value.First}")];
}
