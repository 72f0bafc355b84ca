using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Linux;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>Datasets into streams and out of them.</summary>
public sealed partial class BtrfsDatasets
{
    public IDatasetSend OpenSend(SnapshotName snapshot, SendOptions? options = null) => Look(snapshot.ToString(), "send", tree =>
    {
        var (top, last) = tree.Get(snapshot);
        var values = new BtrfsValues(_layout, tree);
        var from = options?.From is { } f ? tree.Get(f) : default;
        if (from.Node is not null && from.Node != top && !tree.Origins(top).Contains((from.Node.Id, from.Snap.Number)))
        {
            throw new DatasetException(DatasetException.FailedCode, snapshot.ToString(),
                $"cannot send {snapshot} as an increment: {options!.From} is neither an earlier snapshot of it nor an origin of it");
        }
        if (from.Node == top && from.Snap?.Number >= last.Number)
        {
            throw new DatasetException(DatasetException.FailedCode, snapshot.ToString(),
                $"cannot send {snapshot} as an increment: {options!.From} is not earlier");
        }
        bool all = options?.Replicate == true;
        var parts = new List<BtrfsStream.Part>();
        var items = new List<(string, ulong)>();
        foreach (var node in all ? top.Tree() : [top])
        {
            // Below the one sent, what has no snapshot of that name has none to send.
            if (tree.FindSnapshot(node, last.Name) is not { } end)
            {
                continue;
            }
            uint after = node == from.Node ? from.Snap!.Number : 0;
            var snaps = all ? tree.SnapshotsOf(node).Where(s => s.Number <= end.Number && s.Number > after).ToList() : [end];
            (BtrfsNode Node, SnapName Snap)? before = node == top && from.Node is not null ? (from.Node, from.Snap!) : null;
            var sent = new List<BtrfsStream.Snap>();
            foreach (var snap in snaps)
            {
                sent.Add(new(snap.Number, snap.Name, values.Guid(node, snap), before is { } b ? values.Guid(b.Node, b.Snap) : 0));
                items.Add((_layout.Of(node.Id, snap), before is { } p ? Subvolume.Info(_layout.Of(p.Node.Id, p.Snap)).TreeId : 0));
                before = (node, snap);
            }
            var set = all || options?.Properties == true ? values.Record(node).Set.Where(p => p.Key is not "volsize").ToDictionary() : [];
            parts.Add(new(node == top ? "" : node.Name.Value[(top.Name.Value.Length + 1)..], node.Live.IsVolume, set, sent));
        }
        return new BtrfsSend(snapshot.ToString(), new BtrfsStream(parts), items);
    });

    public IDatasetReceive OpenReceive(DatasetName name, ReceiveOptions? options = null)
    {
        options ??= new ReceiveOptions();
        AbortReceive(name);
        Look(name.Value, "receive", tree =>
        {
            if (options.Onto is { } onto)
            {
                return tree.Get(onto);
            }
            _ = RoomFor(tree, name);
            return options.Origin is { } o ? tree.Get(o) : default;
        });
        return new BtrfsReceive(name.Value, reader =>
        {
            if (reader.IsZfs())
            {
                ReceiveZfs(reader, name, options);
            }
            else if (options.Onto is { } onto)
            {
                ReceiveOnto(reader, onto, options.Mount);
            }
            else
            {
                ReceiveOwn(reader, name, options);
            }
        });
    }

    private void ReceiveOwn(BtrfsReceive.Reader reader, DatasetName name, ReceiveOptions options)
    {
        var stream = reader.Header();
        ulong from = stream.Parts[0].Snapshots[0].From;
        var origin = OriginOf(name, options, from);
        var held = new List<FileDescriptor>();
        var ids = new List<ulong>();
        bool landed = false;
        try
        {
            using var whole = new BtrfsWholeView(_layout.Live);
            foreach (var part in stream.Parts)
            {
                ulong id = Hold(held);
                ids.Add(id);
                foreach (var snap in part.Snapshots)
                {
                    BtrfsReceive.Unpack(reader, whole.Of(_layout.SnapshotsOf(id)), whole.Top);
                    if (!Directory.Exists(_layout.Of(id, new SnapName(snap.Number, snap.Name))))
                    {
                        throw new FormatException($"it brings something else than the snapshot {snap.Name} that it names");
                    }
                }
            }
            reader.RequireWhole();
            Land(name, options, stream, ids, origin, ref landed);
        }
        finally
        {
            if (!landed)
            {
                ids.ForEach(RemoveRest);
            }
            held.ForEach(h => h.Dispose());
        }
    }

    /// <summary>The snapshot an incremental stream is based on, checked against what the caller said.</summary>
    private (ulong Dataset, uint Number)? OriginOf(DatasetName name, ReceiveOptions options, ulong from) => Look(name.Value, "receive", tree =>
    {
        (ulong, uint)? found = null;
        var values = new BtrfsValues(_layout, tree);
        if (options.Origin is { } wanted)
        {
            var (node, snap) = tree.Get(wanted);
            if (from == 0 || values.Guid(node, snap) != from)
            {
                throw DatasetException.Stream(name.Value, $"is not based on {wanted}");
            }
            return (node.Id, snap.Number);
        }
        if (from != 0)
        {
            found = tree.Root.Tree()
                .SelectMany(n => tree.SnapshotsOf(n).Select(s => (n, s)))
                .Where(s => values.Guid(s.n, s.s) == from)
                .Select(s => ((ulong, uint)?)(s.n.Id, s.s.Number))
                .FirstOrDefault() ?? throw DatasetException.Stream(name.Value, "is based on a snapshot that is not here");
        }
        return found;
    });

    /// <summary>An id for a dataset to come, with its folder of snapshots, held so that nobody takes it for a stray.</summary>
    private ulong Hold(List<FileDescriptor> held)
    {
        using var locked = Lock();
        ulong id = FreshId();
        held.Add(TryLockRecord(id) ?? throw new IOException($"{_layout.RecordOf(id)} is held by another"));
        Directory.CreateDirectory(_layout.SnapshotsOf(id));
        return id;
    }

    /// <summary>Lets received datasets come to be: those below first, which the last one makes visible with itself.</summary>
    private void Land(
        DatasetName name, ReceiveOptions options, BtrfsStream stream, List<ulong> ids, (ulong Dataset, uint Number)? origin, ref bool landed)
    {
        bool made = false;
        try
        {
            Change(name.Value, "receive", tree =>
            {
                MakeReceived(tree, name, options, stream, ids, origin);
                made = true;
                tree = BtrfsTree.Load(_layout, pool);
                var values = new BtrfsValues(_layout, tree);
                foreach (var node in tree.Get(name).Tree())
                {
                    Settle(values, node, options.Mount);
                }
            });
        }
        finally
        {
            landed = made;
        }
    }

    private void MakeReceived(
        BtrfsTree tree, DatasetName name, ReceiveOptions options, BtrfsStream stream, List<ulong> ids, (ulong Dataset, uint Number)? origin)
    {
        var parent = RoomFor(tree, name);
        if (origin is { } base_ && !tree.SnapshotsOf(base_.Dataset).Any(s => s.Number == base_.Number))
        {
            throw DatasetException.Stream(name.Value, "is based on a snapshot that has gone meanwhile");
        }
        var idOf = new Dictionary<string, ulong>(StringComparer.Ordinal);
        for (int i = 0; i < ids.Count; i++)
        {
            idOf[stream.Parts[i].Path] = ids[i];
        }
        var made = new List<(LiveName Live, SnapName Last, ulong[] Groups)>();
        for (int i = 0; i < ids.Count; i++)
        {
            var part = stream.Parts[i];
            bool isTop = part.Path.Length == 0;
            int slash = part.Path.LastIndexOf('/');
            ulong above = isTop ? parent.Id
                : idOf.TryGetValue(slash < 0 ? "" : part.Path[..slash], out ulong p) ? p
                : throw DatasetException.Stream(name.Value, $"brings {part.Path} without the dataset it lies in");
            string leaf = isTop ? name.Leaf : part.Path[(slash + 1)..];
            int depth = parent.Depth + 1 + (isTop ? 0 : part.Path.Count(c => c == '/') + 1);
            var last = new SnapName(part.Snapshots[^1].Number, part.Snapshots[^1].Name);
            var record = RecordOf(name, options, part, ids[i], last, isTop);
            record.Save(_layout.RecordOf(ids[i]), name.Value);
            ulong[] groups = _quotas.Prepare(depth, ids[i], above, long.Parse(record.Set.GetValueOrDefault("quota", "0"), CultureInfo.InvariantCulture));
            foreach (var snap in part.Snapshots)
            {
                foreach (ulong group in groups)
                {
                    _quotas.Adopt(_layout.Of(ids[i], new SnapName(snap.Number, snap.Name)), group);
                }
            }
            made.Add((new LiveName(ids[i], above, part.IsVolume, isTop ? origin : null, leaf), last, groups));
        }
        var there = new List<string>();
        try
        {
            foreach (var (live, last, groups) in Enumerable.Reverse(made))
            {
                Subvolume.Snapshot(_layout.Of(live.Id, last), _layout.Of(live), readOnly: false, groups);
                there.Add(_layout.Of(live));
            }
        }
        catch
        {
            there.ForEach(Subvolume.Destroy);
            throw;
        }
    }

    private BtrfsRecord RecordOf(DatasetName name, ReceiveOptions options, BtrfsStream.Part part, ulong id, SnapName last, bool isTop)
    {
        var kind = part.IsVolume ? DatasetKinds.Volume : DatasetKinds.FileSystem;
        var set = Check(name, kind, part.Set.Where(p => !options.Without.Contains(p.Key)).ToDictionary());
        if (isTop)
        {
            foreach (var (key, value) in Check(name, kind, options.Properties))
            {
                set[key] = value;
            }
        }
        if (part.IsVolume)
        {
            set["volsize"] = new FileInfo(BtrfsLayout.VolumeFile(_layout.Of(id, last))).Length.ToString(CultureInfo.InvariantCulture);
        }
        var record = BtrfsRecord.Fresh(set);
        foreach (var snap in part.Snapshots)
        {
            record.SnapshotGuids[snap.Number] = snap.Guid;
        }
        return record;
    }

    /// <summary>
    /// A stream of ZFS, as images are published: unpacked into a subvolume beside the snapshots of a dataset that does not exist
    /// yet, which gets the snapshot's name and guid, and then becomes the dataset.
    /// </summary>
    private void ReceiveZfs(BtrfsReceive.Reader reader, DatasetName name, ReceiveOptions options)
    {
        if ((options.Origin ?? options.Onto) is { } wanted)
        {
            throw DatasetException.Stream(name.Value, $"is one of ZFS, and such can be unpacked only as a whole, not onto {wanted}");
        }
        var held = new List<FileDescriptor>();
        ulong id = Hold(held);
        bool landed = false;
        try
        {
            string unpacked = Path.Combine(_layout.SnapshotsOf(id), "unpacked");
            Subvolume.Create(unpacked);
            Look(name.Value, "receive", tree =>
            {
                string compression = options.Properties.GetValueOrDefault("compression")
                    ?? new BtrfsValues(_layout, tree).Inherited(tree.Get(name.Parent!), "compression").Value!;
                SetCompression(unpacked, BtrfsProperties.Algorithm(compression));
                return true;
            });
            var facts = ZfsStreamUnpacker.Unpack(reader.Raw, unpacked, cancellation: reader.Cancellation);
            reader.Drain();
            if (!SnapshotName.TryParse(facts.ToName, out var sent))
            {
                throw new FormatException($"it names its snapshot \"{facts.ToName}\", which is none");
            }
            foreach (string sentence in facts.NotCarried)
            {
                _note($"{name}: {sentence}");
            }
            Change(name.Value, "receive", tree =>
            {
                var snap = new SnapName(1, sent.Name);
                Subvolume.Snapshot(unpacked, _layout.Of(id, snap), readOnly: true);
                var kind = facts.VolumeBytes is null ? DatasetKinds.FileSystem : DatasetKinds.Volume;
                var record = BtrfsRecord.Fresh(Check(name, kind, options.Properties));
                record.SnapshotGuids[snap.Number] = facts.ToGuid;
                if (facts.VolumeBytes is { } bytes)
                {
                    record.Set["volsize"] = bytes.ToString(CultureInfo.InvariantCulture);
                }
                _ = Make(tree, name, kind, record, null, unpacked, id, options.Mount, () => landed = true);
            });
        }
        finally
        {
            if (!landed)
            {
                RemoveRest(id);
            }
            held.ForEach(h => h.Dispose());
        }
    }
}
