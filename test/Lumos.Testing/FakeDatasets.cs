using System.Globalization;
using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

/// <summary>
/// Datasets in memory with the rules of the real ones: parents must exist, what has children or clones is not destroyed,
/// properties are inherited, a stream that is cut short makes nothing. "Files" are one blob per dataset
/// (<see cref="GetContent"/>, <see cref="SetContent"/>): snapshots keep it, clones start from it, streams carry it.
/// <see cref="OnOperation"/> sees every change before it is made and may throw, to test what a failure leaves behind. With
/// <see cref="KeepsFiles"/> snapshots also keep what lies at the mountpoint.
/// </summary>
public sealed class FakeDatasets : IDatasets, IDisposable
{
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["quota"] = "0", ["refquota"] = "0", ["reservation"] = "0", ["refreservation"] = "0", ["canmount"] = "on",
        ["compression"] = "off", ["recordsize"] = "131072", ["atime"] = "on", ["sync"] = "standard", ["devices"] = "on",
        ["readonly"] = "off", ["available"] = "10737418240",
    };

    private static readonly HashSet<string> NotInherited =
        ["quota", "refquota", "reservation", "refreservation", "canmount", "volsize", "origin", "available"];

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

    public IReadOnlyDictionary<string, string?> GetProperties(DatasetName name, params string[] properties) =>
        List(name, DatasetKinds.Live, 0, properties)[0].Properties;

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
        if (!recursive && (doomed.Count > 1 || node.Snapshots.Count > 0))
        {
            throw DatasetException.HasChildren(name.Value);
        }
        foreach (var snap in snapshots)
        {
            _files?.Forget(snap.Guid);
        }
        doomed.ForEach(n => _nodes.Remove(n.Name.Value));
    });

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
        doomed.ForEach(Remove);
    });

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

    public void LookInto(SnapshotName name, Action<string> look)
    {
        string folder;
        lock (_lock)
        {
            folder = (_files ?? throw new NotSupportedException("these datasets keep no files")).Of(Find(name).Snap.Guid);
        }
        look(folder);
    }

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

    public void RenameSnapshot(SnapshotName name, string newName) => Change("rename", name.ToString(), () =>
    {
        var (_, snap) = Find(name);
        if (Exists(name.Dataset.At(newName)))
        {
            throw DatasetException.Exists(name.Dataset.At(newName).ToString());
        }
        snap.Name = newName;
    });

    public void SetProperties(DatasetName name, IReadOnlyDictionary<string, string> properties) =>
        Change("set", name.Value, () =>
        {
            var node = Find(name);
            foreach (var (key, value) in properties)
            {
                node.Properties[key] = value == "none" && Defaults.GetValueOrDefault(key) == "0" ? "0" : value;
            }
        });

    public void Inherit(DatasetName name, string property) =>
        Change("inherit", name.Value, () =>
        {
            var node = Find(name);
            if (NotInherited.Contains(property))
            {
                throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot inherit {property} of {name}");
            }
            node.Properties.Remove(property);
        });

    public void Mount(DatasetName name) => Change("mount", name.Value, () => Find(name).Mounted = true);

    public void Unmount(DatasetName name, bool force = false) =>
        Change("unmount", name.Value, () =>
        {
            Find(name);
            Tree(name).ForEach(n => n.Mounted = false);
        });

    public IReadOnlyList<DatasetName> Clones(SnapshotName snapshot)
    {
        lock (_lock)
        {
            return [.. ClonesOf(Find(snapshot).Snap).Select(DatasetName.Parse)];
        }
    }

    /// <summary>Says what another storage would, so that streams between two kinds can be tried.</summary>
    public string StreamKind { get; set; } = "memory";

    public bool OriginsTravel { get; set; } = true;

    /// <summary>False: a receive that is cut short leaves nothing.</summary>
    public bool KeepsPartials { get; set; } = true;

    public IDatasetSend OpenSend(SnapshotName snapshot, SendOptions? options = null)
    {
        lock (_lock)
        {
            OnOperation?.Invoke("send", snapshot.ToString());
            if (options?.Resume is { } token)
            {
                string[] at = token.Split('-');
                var wanted = _nodes.Values.SelectMany(n => n.Snapshots).FirstOrDefault(s => s.Guid == long.Parse(at[0]))
                    ?? throw DatasetException.NotFound(snapshot.ToString());
                byte[] all = FakeStream.Encode(wanted.Name, wanted.Guid, long.Parse(at[1]),
                    wanted.Owner.Properties.GetValueOrDefault("volsize"), wanted.Content, at[3] == "p" ? wanted.Owner.Properties : null);
                return new Send(all[int.Parse(at[2])..]);
            }
            var (node, snap) = Find(snapshot);
            var from = options?.From is { } f ? Find(f).Snap : null;
            string? size = node.Properties.GetValueOrDefault("volsize");
            return new Send(FakeStream.Encode(snap.Name, snap.Guid, from?.Guid ?? 0, size, snap.Content,
                options?.Properties == true || options?.Replicate == true ? node.Properties : null));
        }
    }

    public IDatasetReceive OpenReceive(DatasetName name, ReceiveOptions? options = null)
    {
        lock (_lock)
        {
            OnOperation?.Invoke("receive", name.Value);
            options ??= new ReceiveOptions();
            byte[] before = _nodes.GetValueOrDefault(name.Value)?.Partial ?? [];
            if (before.Length > 0 && !options.Resumable)
            {
                throw DatasetException.Failed(name.Value, "receive", new IOException("it has the rest of another receive"));
            }
            if (options.Onto is { } onto)
            {
                Find(onto);
            }
            else if (before.Length == 0)
            {
                RequireRoomFor(name);
            }
            return new Receive(this, name, options, before);
        }
    }

    public string? ResumeToken(DatasetName name)
    {
        lock (_lock)
        {
            if (_nodes.GetValueOrDefault(name.Value)?.Partial is not { Length: > 0 } partial)
            {
                return null;
            }
            string[] words = System.Text.Encoding.ASCII.GetString(partial, 0, Array.IndexOf(partial, (byte)'\n')).Split(' ');
            return $"{words[2]}-{words[3]}-{partial.Length}-{(words[6].Length > 0 ? "p" : "")}";
        }
    }

    public void AbortReceive(DatasetName name) => Change("abort", name.Value, () =>
    {
        if (_nodes.GetValueOrDefault(name.Value) is not { Partial.Length: > 0 } node)
        {
            return;
        }
        node.Partial = [];
        if (node.IsStub)
        {
            _nodes.Remove(name.Value);
        }
    });

    /// <summary>What a real storage keeps of a receive that ended early: nothing of use before its header is there.</summary>
    private void Keep(DatasetName name, ReceiveOptions options, byte[] stream)
    {
        lock (_lock)
        {
            if (!KeepsPartials || !options.Resumable || Array.IndexOf(stream, (byte)'\n') < 0)
            {
                return;
            }
            if (!_nodes.TryGetValue(name.Value, out var node))
            {
                node = AddNode(name, DatasetKinds.FileSystem, options.Properties, null);
                node.IsStub = true;
                node.Mounted = false;
            }
            node.Partial = stream;
        }
    }

    private void Land(DatasetName name, ReceiveOptions options, byte[] stream) => Change("received", name.Value, () =>
    {
        var data = FakeStream.Decode(name.Value, stream);
        Snap? origin = null;
        if (data.FromGuid != 0)
        {
            origin = _nodes.Values.SelectMany(n => n.Snapshots).FirstOrDefault(s => s.Guid == data.FromGuid)
                ?? throw DatasetException.Stream(name.Value, "is based on a snapshot that is not here");
        }
        if (options.Origin is { } wanted && Find(wanted).Snap != origin)
        {
            throw DatasetException.Stream(name.Value, $"is not based on {wanted}");
        }
        if (_nodes.GetValueOrDefault(name.Value) is { Partial.Length: > 0 } begun)
        {
            begun.Partial = [];
            if (begun.IsStub)
            {
                _nodes.Remove(name.Value);
                options = options with { Properties = begun.Properties };
            }
        }
        if (options.Onto is { } onto)
        {
            var (grown, newest) = Find(onto);
            if (newest.Guid != data.FromGuid)
            {
                throw DatasetException.Stream(name.Value, $"is not based on {onto}");
            }
            if (grown.Snapshots[^1] != newest)
            {
                throw DatasetException.HasChildren(onto.ToString());
            }
            grown.Content = data.Content;
            grown.Snapshots.Add(new Snap(data.Snapshot, data.Guid, data.Content, grown, ++_lastChange));
            return;
        }
        RequireRoomFor(name);
        var node = AddNode(name, data.VolumeSize is null ? DatasetKinds.FileSystem : DatasetKinds.Volume,
            data.Set.Concat(options.Properties).GroupBy(p => p.Key).ToDictionary(p => p.Key, p => p.Last().Value), origin);
        if (data.VolumeSize is not null)
        {
            node.Properties["volsize"] = data.VolumeSize;
        }
        node.Mounted = options.Mount;
        node.Content = data.Content;
        node.Snapshots.Add(new Snap(data.Snapshot, data.Guid, data.Content, node, ++_lastChange));
    });

    private void Change(string operation, string name, Action change)
    {
        lock (_lock)
        {
            OnOperation?.Invoke(operation, name);
            change();
        }
    }

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

    private IEnumerable<string> ClonesOf(Snap snap) => _nodes.Values.Where(n => n.Origin == snap).Select(n => n.Name.Value);

    private long NextGuid() => ++_lastGuid * 7919 + Random.Shared.NextInt64(1 << 20) * (1L << 32);

    private Dictionary<string, string?> Values(Node node, Snap? snap, IReadOnlyList<string>? properties) =>
        (properties ?? []).Distinct().ToDictionary(p => p, p => snap is null ? Value(node, p) : Value(snap, p));

    private string? Value(Snap snap, string property) => property switch
    {
        "clones" => ClonesOf(snap).ToArray() is { Length: > 0 } clones ? string.Join(',', clones) : null,
        "guid" => snap.Guid.ToString(CultureInfo.InvariantCulture),
        "creation" => Snap.Creation,
        "createtxg" => snap.Made.ToString(CultureInfo.InvariantCulture),
        "used" => "0",
        "referenced" or "written" => snap.Content.Length.ToString(CultureInfo.InvariantCulture),
        _ => property.Contains(':') ? Value(snap.Owner, property) : null,
    };

    private string? Value(Node node, string property)
    {
        switch (property)
        {
            case "origin":
                return node.Origin is { } o ? $"{o.Owner.Name}@{o.Name}" : null;
            case "mounted":
                return node.Kind == DatasetKinds.FileSystem ? node.Mounted ? "yes" : "no" : null;
            case "creation":
                return Snap.Creation;
            case "createtxg":
                return node.Made.ToString(CultureInfo.InvariantCulture);
            case "used" or "referenced":
                return node.Content.Length.ToString(CultureInfo.InvariantCulture);
        }
        for (Node? at = node; at is not null; at = at.Name.Parent is { } up ? _nodes.GetValueOrDefault(up.Value) : null)
        {
            if (at.Properties.TryGetValue(property, out string? value))
            {
                return property == "mountpoint" && at != node && value.StartsWith('/')
                    ? value.TrimEnd('/') + node.Name.Value[at.Name.Value.Length..]
                    : value;
            }
            if (NotInherited.Contains(property))
            {
                break;
            }
        }
        return property == "mountpoint" && node.Kind == DatasetKinds.FileSystem
            ? "/" + node.Name.Value
            : Defaults.GetValueOrDefault(property);
    }

    private void Remove(Snap snap)
    {
        _files?.Forget(snap.Guid);
        snap.Owner.Snapshots.Remove(snap);
    }

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

        public string Name { get; set; } = name;

        public long Guid { get; } = guid;

        public byte[] Content { get; } = content;

        public Node Owner { get; } = owner;
    }

    private sealed class Send(byte[] stream) : IDatasetSend
    {
        public Stream Output { get; } = new MemoryStream(stream, writable: false);

        public void Finish()
        {
        }

        public void Dispose() => Output.Dispose();
    }

    private sealed class Receive : IDatasetReceive
    {
        private readonly FakeDatasets _owner;
        private readonly DatasetName _name;
        private readonly ReceiveOptions _options;
        private readonly MemoryStream _received = new();
        private bool _finished;

        public Receive(FakeDatasets owner, DatasetName name, ReceiveOptions options, byte[] before)
        {
            (_owner, _name, _options) = (owner, name, options);
            _received.Write(before);
        }

        public Stream Input => _received;

        public void Finish()
        {
            try
            {
                _owner.Land(_name, _options, _received.ToArray());
                _finished = true;
            }
            catch (DatasetException e) when (e.Code == DatasetException.StreamCode && !e.Message.Contains("cut short"))
            {
                _finished = true; // nonsense is not kept
                throw;
            }
        }

        public void Dispose()
        {
            if (!_finished)
            {
                _finished = true;
                _owner.Keep(_name, _options, _received.ToArray());
            }
            _received.Dispose();
        }
    }
}
