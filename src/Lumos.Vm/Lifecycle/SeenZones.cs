using System.Collections.Concurrent;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Which zones have been looked at as they stand in the index. Of a thousand one has changed, mostly; what happens to a zone without
/// changing its entry is told by files of its own.
/// </summary>
internal sealed class SeenZones
{
    private readonly ConcurrentDictionary<string, ZoneIndexEntry> _seen = new(StringComparer.Ordinal);

    /// <summary>The entries that are new or other than they were, each once.</summary>
    public IReadOnlyList<ZoneIndexEntry> Changed(IReadOnlyCollection<ZoneIndexEntry> entries)
    {
        var names = entries.Select(entry => entry.Name.Text).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in _seen.Keys.Where(name => !names.Contains(name)))
        {
            _seen.TryRemove(gone, out _);
        }
        var changed = entries.Where(entry => !_seen.TryGetValue(entry.Name.Text, out var seen) || seen != entry).ToList();
        foreach (var entry in changed)
        {
            _seen[entry.Name.Text] = entry;
        }
        return changed;
    }

    /// <summary>It counts as changed the next time: the look failed. Any thread.</summary>
    public void Forget(string zone) => _seen.TryRemove(zone, out _);

    /// <summary>All count as changed.</summary>
    public void Clear() => _seen.Clear();
}
