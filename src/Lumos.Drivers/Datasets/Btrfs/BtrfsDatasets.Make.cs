using System.Globalization;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>How datasets begin and end.</summary>
public sealed partial class BtrfsDatasets
{
    public void Create(DatasetName name, IReadOnlyDictionary<string, string>? properties = null, bool parents = false) =>
        Change(name.Value, "create", tree =>
        {
            if (parents && tree.Find(name) is not null)
            {
                return;
            }
            if (parents && name.Parent is { } above && tree.Find(above) is null)
            {
                foreach (var missing in Ancestors(above).Where(n => tree.Find(n) is null))
                {
                    _ = Make(tree, missing, DatasetKinds.FileSystem, BtrfsRecord.Fresh(), null);
                    tree = BtrfsTree.Load(_layout, pool);
                }
            }
            _ = Make(tree, name, DatasetKinds.FileSystem, BtrfsRecord.Fresh(Check(name, DatasetKinds.FileSystem, properties)), null);
        });

    public void CreateVolume(
        DatasetName name, long bytes, IReadOnlyDictionary<string, string>? properties = null, bool sparse = false) =>
        Change(name.Value, "create", tree =>
        {
            string size = BtrfsProperties.Check(name.Value, DatasetKinds.Volume, "volsize", bytes.ToString(CultureInfo.InvariantCulture), true, _note);
            var record = BtrfsRecord.Fresh(Check(name, DatasetKinds.Volume, properties));
            record.Set["volsize"] = size;
            if (!sparse)
            {
                record.Set["refreservation"] = size;
            }
            _ = RoomFor(tree, name);
            // The file is there before the dataset is: a cut leaves no volume without its blocks.
            string work = Path.Combine(_layout.Work, "volume");
            Subvolume.Create(work);
            using (var file = File.OpenHandle(
                BtrfsLayout.VolumeFile(work), FileMode.CreateNew, FileAccess.ReadWrite, preallocationSize: sparse ? 0 : bytes))
            {
                RandomAccess.SetLength(file, bytes);
            }
            _ = Make(tree, name, DatasetKinds.Volume, record, null, work);
        });

    public void Clone(SnapshotName snapshot, DatasetName name, IReadOnlyDictionary<string, string>? properties = null) =>
        Change(name.Value, "create", tree =>
        {
            if (tree.Find(name) is not null)
            {
                throw DatasetException.Exists(name.Value);
            }
            var (source, snap) = tree.Get(snapshot);
            var record = BtrfsRecord.Fresh(Check(name, source.Kind, properties));
            if (source.Live.IsVolume)
            {
                long size = new FileInfo(BtrfsLayout.VolumeFile(_layout.Of(source.Id, snap))).Length;
                record.Set["volsize"] = size.ToString(CultureInfo.InvariantCulture);
            }
            _ = Make(tree, name, source.Kind, record, (source, snap));
        });

    public void Destroy(DatasetName name, bool recursive = false) => Change(name.Value, "destroy", tree =>
    {
        var node = tree.Get(name);
        var doomed = node.Tree().ToList();
        string[] clones = [.. doomed.SelectMany(n => tree.SnapshotsOf(n).SelectMany(s => tree.ClonesOf(n, s)))
            .Select(c => c.Name).Where(c => !c.IsWithin(name)).Select(c => c.Value)];
        if (clones.Length > 0)
        {
            throw DatasetException.HasClones(name.Value, clones);
        }
        if (!recursive && (doomed.Count > 1 || tree.SnapshotsOf(node).Count > 0))
        {
            throw DatasetException.HasChildren(name.Value);
        }
        if (node.Parent is null)
        {
            throw new DatasetException(DatasetException.FailedCode, name.Value, $"{name} is the pool's own dataset; destroy the pool instead");
        }
        var values = new BtrfsValues(_layout, tree);
        UnmountAll(values, node, force: false, removeFolders: true);
        foreach (var volume in doomed.Where(n => n.Live.IsVolume))
        {
            _volumes.Hide(volume);
        }
        // From the top: without it nothing below exists any more.
        foreach (var gone in doomed)
        {
            Subvolume.Destroy(_layout.Of(gone.Live));
        }
        DurableFile.SyncDirectory(_layout.Live);
        foreach (var gone in doomed)
        {
            RemoveRest(gone.Id);
        }
        _quotas.Retire(doomed.Select(BtrfsQuotas.GroupOf).Reverse());
        _quotas.Sweep(atLeast: 128);
    });

    /// <summary>The parts of a name, the pool's excepted, from the top down.</summary>
    private static IEnumerable<DatasetName> Ancestors(DatasetName name) =>
        name.Parent is { } parent ? Ancestors(parent).Append(name) : [];

    private Dictionary<string, string> Check(DatasetName name, DatasetKinds kind, IReadOnlyDictionary<string, string>? properties) =>
        (properties ?? new Dictionary<string, string>())
            .ToDictionary(p => p.Key, p => BtrfsProperties.Check(name.Value, kind, p.Key, p.Value, making: true, _note));

    /// <summary>Where a new dataset may go; its parent.</summary>
    private static BtrfsNode RoomFor(BtrfsTree tree, DatasetName name)
    {
        if (tree.Find(name) is not null)
        {
            throw DatasetException.Exists(name.Value);
        }
        if (name.Parent is not { } above || tree.Find(above) is not { } parent)
        {
            throw DatasetException.NotFound(name.Parent?.Value ?? name.Value);
        }
        return parent.Live.IsVolume
            ? throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot create {name}: {above} is a volume")
            : name.Leaf.Length > LiveName.LongestLeaf
            ? throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot create {name}: {name.Leaf} is longer than {LiveName.LongestLeaf} characters")
            : parent;
    }

    /// <summary>Makes a dataset: empty, of a snapshot, or of a subvolume that is ready to become it.</summary>
    /// <param name="made">Called when it is there and only its mount is left to do.</param>
    private BtrfsNode Make(
        BtrfsTree tree, DatasetName name, DatasetKinds kind, BtrfsRecord record, (BtrfsNode Node, SnapName Snap)? origin, string? ready = null,
        ulong id = 0, bool mount = true, Action? made = null)
    {
        var parent = RoomFor(tree, name);
        var values = new BtrfsValues(_layout, tree);
        foreach (var above in parent.Line())
        {
            RequireWithin(values.Inherited(above, "filesystem_limit").Value, () => above.Tree().Count() - 1, above, "file systems and volumes");
        }
        id = id == 0 ? FreshId() : id;
        var live = new LiveName(id, parent.Id, kind == DatasetKinds.Volume, origin is { } o ? (o.Node.Id, o.Snap.Number) : null, name.Leaf);
        string path = _layout.Of(live);
        record.Save(_layout.RecordOf(id), name.Value);
        long quota = long.Parse(record.Set.GetValueOrDefault("quota", "0"), CultureInfo.InvariantCulture);
        ulong[] groups = _quotas.Prepare(parent, id, quota);
        if (quota > 0 && !_quotas.On)
        {
            NoQuotas("quota", name);
        }
        if (ready is not null)
        {
            if (groups.Length > 0)
            {
                _quotas.Adopt(ready, groups[0]);
                foreach (var snap in tree.SnapshotsOf(id))
                {
                    _quotas.Adopt(_layout.Of(id, snap), groups[0]);
                }
            }
            Directory.Move(ready, path);
            DurableFile.SyncDirectory(_layout.Live);
        }
        else if (origin is { } from)
        {
            Subvolume.Snapshot(_layout.Of(from.Node.Id, from.Snap), path, readOnly: false, groups);
        }
        else
        {
            Subvolume.Create(path, groups);
            DurableFile.SyncDirectory(_layout.Live);
        }
        var node = new BtrfsNode(live, name, parent);
        parent.Children.Add(node);
        made?.Invoke();
        Settle(new BtrfsValues(_layout, tree), node, mount);
        return node;
    }

    /// <summary>What follows from a new dataset's properties: its device or mount, compression, its own limit.</summary>
    private void Settle(BtrfsValues values, BtrfsNode node, bool mount = true)
    {
        if (node.Live.IsVolume)
        {
            _volumes.Show(node);
            return;
        }
        string path = _layout.Of(node.Live);
        string algorithm = BtrfsProperties.Algorithm(values.Inherited(node, "compression").Value!);
        if (algorithm != CompressionOf(path))
        {
            SetCompression(path, algorithm);
        }
        if (values.Number(node, "refquota") is > 0 and var own)
        {
            _quotas.LimitReferenced(path, own);
        }
        if (mount && values.Inherited(node, "canmount").Value == "on" && values.Mountpoint(node).StartsWith('/'))
        {
            BtrfsMounts.Attach(path, values.Mountpoint(node), values.Attributes(node));
        }
    }

    private const string CompressionAttribute = "btrfs.compression";

    private static string CompressionOf(string path) =>
        System.Text.Encoding.ASCII.GetString(ExtendedAttribute.Read(path, CompressionAttribute) ?? []);

    private static void SetCompression(string path, string algorithm) =>
        ExtendedAttribute.Write(path, CompressionAttribute, System.Text.Encoding.ASCII.GetBytes(algorithm));

    private void NoQuotas(string property, DatasetName name) => _note(
        $"{property} of {name} is kept, but nothing is counted towards it: the file system has no simple quotas (they need Linux 6.7 and a pool made with them)");

    private static void RequireWithin(string? limit, Func<int> count, BtrfsNode node, string what)
    {
        if (long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out long most) && count() >= most)
        {
            throw new DatasetException(DatasetException.FailedCode, node.Name.Value, $"{node.Name} may have {most} {what} and has them");
        }
    }

    /// <summary>What a dataset had beside its subvolume: snapshots, record.</summary>
    private void RemoveRest(ulong id)
    {
        string folder = _layout.SnapshotsOf(id);
        foreach (string snapshot in BtrfsLayout.Entries(folder))
        {
            Subvolume.Destroy(Path.Combine(folder, snapshot));
        }
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder);
        }
        File.Delete(_layout.RecordOf(id));
    }
}
