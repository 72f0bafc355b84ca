using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

// Snapshots and clones.
public sealed partial class FakeDatasets
{
    public void Snapshot(SnapshotName name, bool recursive = false) => Change("snapshot", name.ToString(), () =>
    {
        Find(name.Dataset);
        var nodes = recursive ? Tree(name.Dataset) : [Find(name.Dataset)];
        if (nodes.Find(n => n.Snapshots.Exists(s => s.Name == name.Name)) is { } taken)
        {
            throw DatasetException.Exists(taken.Name.At(name.Name).ToString());
        }
        foreach (var node in nodes)
        {
            var snap = new Snap(name.Name, NextGuid(), node.Content, node, ++_lastChange);
            _files?.Keep(snap.Guid, Value(node, "mountpoint"));
            node.Snapshots.Add(snap);
        }
    });

    public void DestroySnapshot(SnapshotName name, bool recursive = false) => Change("destroy", name.ToString(), () =>
    {
        var doomed = new List<Snap> { Find(name).Snap };
        if (recursive)
        {
            doomed.AddRange(Tree(name.Dataset).Skip(1).SelectMany(n => n.Snapshots.Where(s => s.Name == name.Name)));
        }
        string[] clones = [.. doomed.SelectMany(ClonesOf)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.ToString(), clones);
        }
        RequireUnheld(doomed);
        doomed.ForEach(Remove);
    });

    /// <summary>As by "zfs hold".</summary>
    public void Hold(SnapshotName name)
    {
        lock (_lock)
        {
            Find(name).Snap.Holds++;
        }
    }

    public void Rollback(SnapshotName name, bool destroyLater = false) => Change("rollback", name.ToString(), () =>
    {
        var (node, snap) = Find(name);
        var later = node.Snapshots.Skip(node.Snapshots.IndexOf(snap) + 1).ToList();
        if (later.Count > 0 && !destroyLater)
        {
            throw DatasetException.HasChildren(name.ToString());
        }
        string[] clones = [.. later.SelectMany(ClonesOf)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.Dataset.Value, clones);
        }
        later.ForEach(Remove);
        node.Content = snap.Content;
        _files?.Restore(snap.Guid, Value(node, "mountpoint"));
    });

    public void LookInto(IReadOnlyList<SnapshotName> names, Action<SnapshotName, string> look)
    {
        foreach (var name in names)
        {
            string folder;
            lock (_lock)
            {
                folder = (_files ?? throw new NotSupportedException("these datasets keep no files")).Of(Find(name).Snap.Guid);
            }
            look(name, folder);
        }
    }

    public void RenameSnapshot(SnapshotName name, string newName) => Change("rename", name.ToString(), () =>
    {
        var (_, snap) = Find(name);
        if (Exists(name.Dataset.At(newName)))
        {
            throw DatasetException.Exists(name.Dataset.At(newName).ToString());
        }
        snap.Name = newName;
    });

    public IReadOnlyList<DatasetName> Clones(SnapshotName snapshot)
    {
        lock (_lock)
        {
            return [.. ClonesOf(Find(snapshot).Snap).Select(DatasetName.Parse)];
        }
    }

    private static void RequireUnheld(IEnumerable<Snap> snapshots)
    {
        if (snapshots.FirstOrDefault(s => s.Holds > 0) is { } held)
        {
            throw new DatasetException(DatasetException.FailedCode, $"{held.Owner.Name}@{held.Name}", $"cannot destroy {held.Owner.Name}@{held.Name}: dataset is busy");
        }
    }

    private IEnumerable<string> ClonesOf(Snap snap) => _nodes.Values.Where(n => n.Origin == snap).Select(n => n.Name.Value);

    private void Remove(Snap snap)
    {
        _files?.Forget(snap.Guid);
        snap.Owner.Snapshots.Remove(snap);
    }
}
