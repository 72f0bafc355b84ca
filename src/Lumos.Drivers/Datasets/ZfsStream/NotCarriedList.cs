namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>Gathers what a tree does not show of a stream: one sentence a kind, however often it was met.</summary>
internal sealed class NotCarriedList
{
    private readonly SortedDictionary<string, (long Count, string First)> _kinds = new(StringComparer.Ordinal);

    /// <param name="kind">What it is, in the plural.</param>
    /// <param name="where">The path, made only for the first of a kind.</param>
    public void Add(string kind, Func<string> where) =>
        _kinds[kind] = _kinds.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (1, where());

    public void AddOnce(string sentence) => _kinds[sentence] = (0, "");

    public IReadOnlyList<string> ToSentences() =>
        [.. _kinds.Select(k => k.Value.Count switch
        {
            0 => k.Key,
            1 => $"{k.Key}: {k.Value.First}",
            _ => $"{k.Key}: {k.Value.Count} of them, the first {k.Value.First}",
        })];
}
