namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>A dataset, at its place in the tree.</summary>
internal sealed class BtrfsNode(LiveName live, DatasetName name, BtrfsNode? parent)
{
    public LiveName Live { get; } = live;

    public DatasetName Name { get; } = name;

    public BtrfsNode? Parent { get; } = parent;

    /// <summary>In the order of their names.</summary>
    public List<BtrfsNode> Children { get; } = [];

    public ulong Id => Live.Id;

    /// <summary>0: the pool's own.</summary>
    public int Depth => Parent is null ? 0 : Parent.Depth + 1;

    public DatasetKinds Kind => Live.IsVolume ? DatasetKinds.Volume : DatasetKinds.FileSystem;

    /// <summary>This one and all below, parents first.</summary>
    public IEnumerable<BtrfsNode> Tree()
    {
        yield return this;
        foreach (var below in Children.SelectMany(c => c.Tree()))
        {
            yield return below;
        }
    }

    /// <summary>This one and those it lies in, nearest first.</summary>
    public IEnumerable<BtrfsNode> Line()
    {
        for (var at = this; at is not null; at = at.Parent)
        {
            yield return at;
        }
    }
}

/// <summary>
/// The datasets of a pool as one look at its directory showed them. A subvolume whose line of parents does not reach the
/// pool's own does not exist: it is about to appear with its parent, or its parent has just been destroyed.
/// </summary>
internal sealed class BtrfsTree
{
    private readonly BtrfsLayout _layout;
    private readonly Dictionary<ulong, BtrfsNode> _byId = [];
    private readonly Dictionary<ulong, IReadOnlyList<SnapName>> _snapshots = [];
    private ILookup<(ulong, uint), BtrfsNode>? _clones;

    private BtrfsTree(BtrfsLayout layout, BtrfsNode root, IReadOnlyList<LiveName> strays) => (_layout, Root, Strays) = (layout, root, strays);

    public BtrfsNode Root { get; }

    /// <summary>Subvolumes that are no part of the tree.</summary>
    public IReadOnlyList<LiveName> Strays { get; }

    public static BtrfsTree Load(BtrfsLayout layout, string pool)
    {
        // While it is read another may rename: a name may then be seen twice, and the later sight is the newer one.
        var names = new Dictionary<ulong, LiveName>();
        foreach (var name in BtrfsLayout.Entries(layout.Live).Select(LiveName.Parse).OfType<LiveName>())
        {
            names[name.Id] = name;
        }
        var byParent = names.Values.ToLookup(n => n.Parent);
        var top = byParent[0].FirstOrDefault(n => n.Leaf == pool) ?? throw new DatasetException(
            DatasetException.FailedCode, pool, $"the pool {pool} is not open: there is none at {layout.Root}");
        var root = new BtrfsNode(top, DatasetName.Parse(pool), null);
        var byId = new Dictionary<ulong, BtrfsNode>();
        var open = new Stack<BtrfsNode>([root]);
        while (open.TryPop(out var node))
        {
            byId.Add(node.Id, node);
            foreach (var child in byParent[node.Id].OrderBy(n => n.Leaf, StringComparer.Ordinal))
            {
                var below = new BtrfsNode(child, node.Name.Child(child.Leaf), node);
                node.Children.Add(below);
                open.Push(below);
            }
        }
        var tree = new BtrfsTree(layout, root, [.. names.Values.Where(n => !byId.ContainsKey(n.Id))]);
        foreach (var (id, node) in byId)
        {
            tree._byId.Add(id, node);
        }
        return tree;
    }

    public BtrfsNode? Find(DatasetName name)
    {
        string[] parts = name.Value.Split('/');
        var at = parts[0] == Root.Name.Value ? Root : null;
        for (int i = 1; i < parts.Length && at is not null; i++)
        {
            at = at.Children.Find(c => c.Live.Leaf == parts[i]);
        }
        return at;
    }

    public BtrfsNode? Find(ulong id) => _byId.GetValueOrDefault(id);

    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    public BtrfsNode Get(DatasetName name) => Find(name) ?? throw DatasetException.NotFound(name.Value);

    /// <summary>A dataset's snapshots, oldest first.</summary>
    public IReadOnlyList<SnapName> SnapshotsOf(BtrfsNode node) => SnapshotsOf(node.Id);

    public IReadOnlyList<SnapName> SnapshotsOf(ulong id)
    {
        if (!_snapshots.TryGetValue(id, out var found))
        {
            found = [.. BtrfsLayout.Entries(_layout.SnapshotsOf(id)).Select(SnapName.Parse).OfType<SnapName>().OrderBy(s => s.Number)];
            _snapshots.Add(id, found);
        }
        return found;
    }

    public SnapName? FindSnapshot(BtrfsNode node, string name) => SnapshotsOf(node).FirstOrDefault(s => s.Name == name);

    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    public (BtrfsNode Node, SnapName Snap) Get(SnapshotName name) =>
        Find(name.Dataset) is { } node && FindSnapshot(node, name.Name) is { } snap
            ? (node, snap)
            : throw DatasetException.NotFound(name.ToString());

    public IEnumerable<BtrfsNode> ClonesOf(BtrfsNode node, SnapName snap) =>
        (_clones ??= _byId.Values.Where(n => n.Live.Origin is not null).OrderBy(n => n.Name.Value, StringComparer.Ordinal).ToLookup(n => n.Live.Origin!.Value))
            [(node.Id, snap.Number)];

    /// <summary>The snapshot that it is a clone of, the one that the dataset of that is a clone of, and so on.</summary>
    public IEnumerable<(ulong Dataset, uint Number)> Origins(BtrfsNode node)
    {
        for (var at = node; at?.Live.Origin is { } origin; at = Find(origin.Dataset))
        {
            yield return origin;
        }
    }

    /// <summary>The snapshot a dataset is a clone of; null where it is none.</summary>
    public SnapshotName? OriginOf(BtrfsNode node) =>
        node.Live.Origin is { } o && Find(o.Dataset) is { } of && SnapshotsOf(of).FirstOrDefault(s => s.Number == o.Number) is { } snap
            ? of.Name.At(snap.Name)
            : null;
}
