using System.Globalization;
using System.Text;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>Snapshots: taken, destroyed, renamed, gone back to.</summary>
public sealed partial class BtrfsDatasets
{
    private const string WorkAttribute = "user.lumos.snapshots";

    /// <summary>Each snapshot waits for a commit, and those that wait together share one: so many are nearly as quick as one.</summary>
    private const int MostAtOnce = 16;

    public void Snapshot(SnapshotName name, bool recursive = false) => Change(name.ToString(), "take", tree =>
    {
        var top = tree.Get(name.Dataset);
        var nodes = recursive ? top.Tree().ToList() : [top];
        if (nodes.Find(n => tree.FindSnapshot(n, name.Name) is not null) is { } taken)
        {
            throw DatasetException.Exists(taken.Name.At(name.Name).ToString());
        }
        var values = new BtrfsValues(_layout, tree);
        foreach (var node in nodes)
        {
            foreach (var above in node.Line())
            {
                RequireWithin(
                    values.Inherited(above, "snapshot_limit").Value, () => above.Tree().Sum(n => tree.SnapshotsOf(n).Count), above, "snapshots");
            }
            Directory.CreateDirectory(_layout.SnapshotsOf(node.Id));
            _volumes.Flush(node);
        }
        var paths = nodes.Select(n => (Node: n, Path: _layout.Of(n.Id, new SnapName(NextNumber(tree, n), name.Name)))).ToList();
        string? intent = paths.Count > 1 ? Announce(paths.Select(p => p.Path)) : null;
        try
        {
            SideBySide.Run(paths, MostAtOnce, p => Subvolume.Snapshot(_layout.Of(p.Node.Live), p.Path, readOnly: true, _quotas.Of(p.Node)));
        }
        catch
        {
            TakeBack(paths.Select(p => p.Path));
            throw;
        }
        finally
        {
            if (intent is not null)
            {
                File.Delete(intent);
                DurableFile.SyncDirectory(_layout.Work);
            }
        }
    });

    public void DestroySnapshot(SnapshotName name, bool recursive = false) => Change(name.ToString(), "destroy", tree =>
    {
        var (top, first) = tree.Get(name);
        List<(BtrfsNode Node, SnapName Snap)> doomed = [(top, first)];
        if (recursive)
        {
            doomed.AddRange(top.Tree().Skip(1).Select(n => (n, tree.FindSnapshot(n, name.Name)!)).Where(d => d.Item2 is not null));
        }
        string[] clones = [.. doomed.SelectMany(d => tree.ClonesOf(d.Node, d.Snap)).Select(c => c.Name.Value)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.ToString(), clones);
        }
        // The top's goes last: cut short, the whole can be asked for again.
        foreach (var (node, snap) in Enumerable.Reverse(doomed))
        {
            Remove(node, snap);
        }
        DurableFile.SyncDirectory(_layout.SnapshotsOf(top.Id));
    });

    public void Rollback(SnapshotName name, bool destroyLater = false) => Change(name.ToString(), "roll back to", tree =>
    {
        var (node, snap) = tree.Get(name);
        var later = tree.SnapshotsOf(node).Where(s => s.Number > snap.Number).ToList();
        if (later.Count > 0 && !destroyLater)
        {
            throw DatasetException.HasChildren(name.ToString());
        }
        string[] clones = [.. later.SelectMany(s => tree.ClonesOf(node, s)).Select(c => c.Name.Value)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.Dataset.Value, clones);
        }
        var values = new BtrfsValues(_layout, tree);
        var unmounted = UnmountAll(values, node, force: false);
        try
        {
            if (node.Live.IsVolume)
            {
                _volumes.Hide(node);
            }
            foreach (var s in Enumerable.Reverse(later))
            {
                Remove(node, s);
            }
            BringBack(node, snap);
        }
        finally
        {
            values = new BtrfsValues(_layout, tree);
            Settle(values, node, mount: false);
            MountEach(values, unmounted);
        }
    });

    public void LookInto(IReadOnlyList<SnapshotName> names, Action<SnapshotName, string> look)
    {
        var folders = Look(string.Join(", ", names), "look into", tree => names.Select(name =>
        {
            var (node, snap) = tree.Get(name);
            return (name, _layout.Of(node.Id, snap));
        }).ToList());
        foreach (var (name, folder) in folders)
        {
            look(name, folder);
        }
    }

    public void RenameSnapshot(SnapshotName name, string newName) => Change(name.ToString(), "rename", tree =>
    {
        var (node, snap) = tree.Get(name);
        var target = name.Dataset.At(newName);
        if (tree.FindSnapshot(node, newName) is not null)
        {
            throw DatasetException.Exists(target.ToString());
        }
        Directory.Move(_layout.Of(node.Id, snap), _layout.Of(node.Id, snap with { Name = newName }));
        DurableFile.SyncDirectory(_layout.SnapshotsOf(node.Id));
    });

    /// <summary>Puts a fresh copy of a snapshot in the place of the dataset's subvolume, in one step; a volume is hidden.</summary>
    private void BringBack(BtrfsNode node, SnapName snap)
    {
        string live = _layout.Of(node.Live), fresh = Path.Combine(_layout.Work, "rollback");
        Subvolume.Snapshot(_layout.Of(node.Id, snap), fresh, readOnly: false, _quotas.Of(node));
        EntryRename.Exchange(fresh, live);
        DurableFile.SyncDirectory(_layout.Live);
        Subvolume.Destroy(fresh);
        if (node.Live.IsVolume)
        {
            long size = new FileInfo(BtrfsLayout.VolumeFile(live)).Length;
            var record = BtrfsRecord.Load(_layout.RecordOf(node.Id));
            record.Set["volsize"] = size.ToString(CultureInfo.InvariantCulture);
            record.Save(_layout.RecordOf(node.Id), node.Name.Value);
        }
    }

    private static uint NextNumber(BtrfsTree tree, BtrfsNode node) => tree.SnapshotsOf(node) is [.., var last] ? last.Number + 1 : 1;

    private void Remove(BtrfsNode node, SnapName snap)
    {
        string file = _layout.RecordOf(node.Id);
        var record = BtrfsRecord.Load(file);
        if (record.SnapshotGuids.Remove(snap.Number))
        {
            record.Save(file, node.Name.Value);
        }
        Subvolume.Destroy(_layout.Of(node.Id, snap));
    }

    /// <summary>Names what is about to be made, so that whoever finds it half made takes it back.</summary>
    private string Announce(IEnumerable<string> paths)
    {
        string intent = Path.Combine(_layout.Work, "snapshots");
        // In parts, as an attribute holds 16 KB; the first snapshot's commit makes all of it durable.
        File.Create(intent).Dispose();
        int part = 0;
        foreach (string[] some in paths.Select(p => Path.GetRelativePath(_layout.Snapshots, p)).Chunk(24))
        {
            ExtendedAttribute.Write(intent, $"{WorkAttribute}.{part++}", Encoding.UTF8.GetBytes(string.Join('\n', some)));
        }
        return intent;
    }

    private static void TakeBack(IEnumerable<string> paths)
    {
        foreach (string path in paths.Where(Directory.Exists))
        {
            Subvolume.Destroy(path);
        }
    }

    /// <summary>Undoes what a process that ended in the middle left in work/. Under the lock nobody else has anything there.</summary>
    /// <returns>A change was cut short.</returns>
    private bool TakeBackWork()
    {
        bool cutShort = false;
        foreach (string entry in BtrfsLayout.Entries(_layout.Work))
        {
            string path = Path.Combine(_layout.Work, entry);
            cutShort |= path == _layout.ChangeMark;
            if (Directory.Exists(path))
            {
                Subvolume.Destroy(path);
                continue;
            }
            for (int part = 0; ExtendedAttribute.Read(path, $"{WorkAttribute}.{part}") is { } some; part++)
            {
                TakeBack(Encoding.UTF8.GetString(some).Split('\n').Select(p => Path.Combine(_layout.Snapshots, p)));
            }
            File.Delete(path);
        }
        return cutShort;
    }
}
