using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

// What is kept of a dataset and of a snapshot, and how they are found.
public sealed partial class FakeDatasets
{
    private static int Level(DatasetName name) => name.Value.Count(c => c == '/');

    private List<Node> Tree(DatasetName root) => [.. _nodes.Values.Where(n => n.Name.IsWithin(root))];

    private Node Find(DatasetName name) => _nodes.GetValueOrDefault(name.Value) ?? throw DatasetException.NotFound(name.Value);

    private (Node Node, Snap Snap) Find(SnapshotName name)
    {
        var node = Find(name.Dataset);
        return (node, node.Snapshots.Find(s => s.Name == name.Name) ?? throw DatasetException.NotFound(name.ToString()));
    }

    private void RequireRoomFor(DatasetName name)
    {
        if (_nodes.ContainsKey(name.Value))
        {
            throw DatasetException.Exists(name.Value);
        }
        if (name.Parent is not { } parent || !_nodes.ContainsKey(parent.Value))
        {
            throw DatasetException.NotFound(name.Parent?.Value ?? name.Value);
        }
    }

    private Node AddNode(DatasetName name, DatasetKinds kind, IReadOnlyDictionary<string, string>? properties, Snap? origin)
    {
        var node = new Node(name, kind, origin, ++_lastChange);
        foreach (var (key, value) in properties ?? new Dictionary<string, string>())
        {
            node.Properties[key] = value;
        }
        node.Mounted = kind == DatasetKinds.FileSystem && node.Properties.GetValueOrDefault("canmount", "on") == "on"
            && node.Properties.GetValueOrDefault("mountpoint") is not ("legacy" or "none");
        _nodes.Add(name.Value, node);
        return node;
    }

    private long NextGuid() => ++_lastGuid * 7919 + Random.Shared.NextInt64(1 << 20) * (1L << 32);

    private sealed class Node(DatasetName name, DatasetKinds kind, Snap? origin, long made)
    {
        public long Made { get; } = made;

        public DatasetName Name { get; set; } = name;

        public DatasetKinds Kind { get; } = kind;

        public Snap? Origin { get; } = origin;

        public Dictionary<string, string> Properties { get; } = [];

        public List<Snap> Snapshots { get; } = [];

        public byte[] Content { get; set; } = [];

        public bool Mounted { get; set; }

        /// <summary>What came of a receive that was cut short.</summary>
        public byte[] Partial { get; set; } = [];

        /// <summary>It is here for nothing else.</summary>
        public bool IsStub { get; set; }
    }

    private sealed class Snap(string name, long guid, byte[] content, Node owner, long made)
    {
        public long Made { get; } = made;

        public const string Creation = "1700000000";

        public int Holds { get; set; }

        public string Name { get; set; } = name;

        public long Guid { get; } = guid;

        public byte[] Content { get; } = content;

        public Node Owner { get; } = owner;
    }
}
