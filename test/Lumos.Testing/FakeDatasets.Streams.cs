using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

// Streams: what is sent and received, and what is kept of a receive that was cut short.
public sealed partial class FakeDatasets
{
    // As ZFS has it.
    private static readonly HashSet<string> OfFileSystems =
    [
        "quota", "refquota", "filesystem_limit", "mountpoint", "canmount", "overlay", "zoned", "sharenfs", "sharesmb", "snapdir", "devices", "exec", "setuid",
        "acltype", "aclmode", "aclinherit", "nbmand", "vscan", "special_small_blocks", "atime", "relatime", "recordsize", "xattr", "dnodesize",
    ];

    /// <summary>Says what another storage would, so that streams between two kinds can be tried.</summary>
    public string StreamKind { get; set; } = "memory";

    public bool OriginsTravel { get; set; } = true;

    public bool EachIsAFileSystem { get; set; }

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
        if (data.VolumeSize is not null && options.Without.FirstOrDefault(OfFileSystems.Contains) is { } wrong)
        {
            throw DatasetException.Failed(name.Value, "receive", new IOException($"property '{wrong}' does not apply to datasets of this type"));
        }
        RequireRoomFor(name);
        var node = AddNode(name, data.VolumeSize is null ? DatasetKinds.FileSystem : DatasetKinds.Volume,
            data.Set.Where(p => !options.Without.Contains(p.Key)).Concat(options.Properties).GroupBy(p => p.Key).ToDictionary(p => p.Key, p => p.Last().Value), origin);
        if (data.VolumeSize is not null)
        {
            node.Properties["volsize"] = data.VolumeSize;
        }
        node.Mounted = options.Mount;
        node.Content = data.Content;
        node.Snapshots.Add(new Snap(data.Snapshot, data.Guid, data.Content, node, ++_lastChange));
    });

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
