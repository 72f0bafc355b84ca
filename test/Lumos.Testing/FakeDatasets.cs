using System.Globalization;
using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

/// <summary>
/// Datasets in memory with the rules of the real ones: parents must exist, what has children or clones is not destroyed,
/// properties are inherited, a stream that is cut short makes nothing. "Files" are one blob per dataset
/// (<see cref="GetContent"/>, <see cref="SetContent"/>): snapshots keep it, clones start from it, streams carry it.
/// <see cref="OnOperation"/> sees every change before it is made and may throw, to test what a failure leaves behind. With
/// <see cref="KeepsFiles"/> snapshots also keep what lies at the mountpoint. Here the tree and its changes; properties, snapshots and
/// streams have files of their own.
/// </summary>
public sealed partial class FakeDatasets : IDatasets, IDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private long _lastGuid = 1000, _lastChange;

    /// <summary>Starts with these pools, each an empty file system.</summary>
    public FakeDatasets(params string[] pools)
    {
        foreach (string pool in pools)
        {
            AddNode(DatasetName.Parse(pool), DatasetKinds.FileSystem, null, null);
        }
    }

    /// <summary>A pool made later, or one that comes back.</summary>
    public void AddPool(string name)
    {
        lock (_lock)
        {
            AddNode(DatasetName.Parse(name), DatasetKinds.FileSystem, null, null);
        }
    }

    /// <summary>Called with the name of the operation and its object before each change.</summary>
    public Action<string, string>? OnOperation { get; set; }

    /// <summary>Called with what each listing is of: the dataset, null for all that the machine has, and the kinds.</summary>
    public Action<DatasetName?, DatasetKinds>? OnList { get; set; }

    /// <summary>Snapshots are of real files; dispose of this then.</summary>
    public bool KeepsFiles
    {
        get => _files is not null;
        init => _files = value ? new FakeFiles() : null;
    }

    private FakeFiles? _files;

    public void Dispose() => _files?.Dispose();

    public byte[] GetContent(DatasetName name)
    {
        lock (_lock)
        {
            return Find(name).Content;
        }
    }

    public void SetContent(DatasetName name, byte[] content)
    {
        lock (_lock)
        {
            Find(name).Content = content;
        }
    }

    public IReadOnlyList<DatasetEntry> List(
        DatasetName? root, DatasetKinds kinds = DatasetKinds.Live, int? depth = null, IReadOnlyList<string>? properties = null)
    {
        OnList?.Invoke(root, kinds);
        lock (_lock)
        {
            if (root is not null)
            {
                Find(root);
            }
            int limit = depth ?? int.MaxValue - 1;
            int level = root is null ? 0 : Level(root);
            var found = new List<DatasetEntry>();
            foreach (var node in _nodes.Values.Where(n => root is null || n.Name.IsWithin(root)))
            {
                int below = Level(node.Name) - level;
                if (below <= limit && kinds.HasFlag(node.Kind))
                {
                    found.Add(new DatasetEntry { Dataset = node.Name, Kind = node.Kind, Properties = Values(node, null, properties) });
                }
                if (below + 1 <= limit && kinds.HasFlag(DatasetKinds.Snapshot))
                {
                    found.AddRange(node.Snapshots.Select(s => new DatasetEntry
                    {
                        Dataset = node.Name,
                        Snapshot = node.Name.At(s.Name),
                        Kind = DatasetKinds.Snapshot,
                        Properties = Values(node, s, properties),
                    }));
                }
            }
            return found;
        }
    }

    public bool Exists(DatasetName name)
    {
        lock (_lock)
        {
            return _nodes.ContainsKey(name.Value);
        }
    }

    public bool Exists(SnapshotName name)
    {
        lock (_lock)
        {
            return _nodes.TryGetValue(name.Dataset.Value, out var node) && node.Snapshots.Any(s => s.Name == name.Name);
        }
    }

    public void Create(DatasetName name, IReadOnlyDictionary<string, string>? properties = null, bool parents = false) =>
        Change("create", name.Value, () =>
        {
            if (parents)
            {
                if (_nodes.ContainsKey(name.Value))
                {
                    return;
                }
                for (var up = name.Parent; up?.Parent is not null; up = up.Parent)
                {
                    if (!_nodes.ContainsKey(up.Value))
                    {
                        Create(up, null, parents: true);
                    }
                }
            }
            RequireRoomFor(name);
            AddNode(name, DatasetKinds.FileSystem, properties, null);
        });

    public void CreateVolume(
        DatasetName name, long bytes, IReadOnlyDictionary<string, string>? properties = null, bool sparse = false) =>
        Change("create", name.Value, () =>
        {
            RequireRoomFor(name);
            var node = AddNode(name, DatasetKinds.Volume, properties, null);
            node.Properties["volsize"] = bytes.ToString(CultureInfo.InvariantCulture);
            if (!sparse)
            {
                node.Properties["refreservation"] = node.Properties["volsize"];
            }
        });

    public void Clone(SnapshotName snapshot, DatasetName name, IReadOnlyDictionary<string, string>? properties = null) =>
        Change("clone", name.Value, () =>
        {
            var (source, snap) = Find(snapshot);
            RequireRoomFor(name);
            var node = AddNode(name, source.Kind, properties, snap);
            node.Content = snap.Content;
            _files?.Restore(snap.Guid, Value(node, "mountpoint"));
            if (Value(node, "canmount") == "noauto")
            {
                _files?.Hide(node, Value(node, "mountpoint"));
            }
            if (source.Properties.TryGetValue("volsize", out string? size))
            {
                node.Properties["volsize"] = size;
            }
        });

    public void Destroy(DatasetName name, bool recursive = false) => Change("destroy", name.Value, () =>
    {
        var node = Find(name);
        var doomed = Tree(name);
        var snapshots = doomed.SelectMany(n => n.Snapshots).ToHashSet();
        string[] clones = [.. _nodes.Values
            .Where(n => n.Origin is not null && snapshots.Contains(n.Origin) && !n.Name.IsWithin(name))
            .Select(n => n.Name.Value)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.Value, clones);
        }
        RequireUnheld(snapshots);
        if (!recursive && (doomed.Count > 1 || node.Snapshots.Count > 0))
        {
            throw DatasetException.HasChildren(name.Value);
        }
        foreach (var snap in snapshots)
        {
            _files?.Forget(snap.Guid);
        }
        foreach (var gone in doomed)
        {
            _files?.Drop(gone);
            _nodes.Remove(gone.Name.Value);
        }
    });

    public void Rename(DatasetName name, DatasetName newName) => Change("rename", name.Value, () =>
    {
        Find(name);
        RequireRoomFor(newName);
        foreach (var node in Tree(name))
        {
            _nodes.Remove(node.Name.Value);
            node.Name = DatasetName.Parse(newName.Value + node.Name.Value[name.Value.Length..]);
            _nodes.Add(node.Name.Value, node);
        }
    });

    public string? DelegationFault { get; set; }

    public void Mount(DatasetName name) => Change("mount", name.Value, () =>
    {
        var node = Find(name);
        if (!node.Mounted)
        {
            _files?.Show(node, Value(node, "mountpoint"));
        }
        node.Mounted = true;
    });

    public void Unmount(DatasetName name, bool force = false) =>
        Change("unmount", name.Value, () =>
        {
            Find(name);
            foreach (var node in Enumerable.Reverse(Tree(name)).Where(n => n.Mounted))
            {
                _files?.Hide(node, Value(node, "mountpoint"));
                node.Mounted = false;
            }
        });

    private void Change(string operation, string name, Action change)
    {
        lock (_lock)
        {
            OnOperation?.Invoke(operation, name);
            change();
        }
    }
}
