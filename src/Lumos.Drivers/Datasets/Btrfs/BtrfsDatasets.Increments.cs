using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Increments to datasets that are there. Their snapshots are unpacked beside those of a dataset that does not exist, as all that is
/// received, and are taken over when the stream was found whole: each by a snapshot of it (the kernel moves no read-only
/// subvolume to another directory), which keeps the identity that the next increment names. Then the last becomes the dataset.
/// A power cut in the middle of that leaves the snapshots and the dataset as it was before; a rollback to the last gets on.
/// </summary>
public sealed partial class BtrfsDatasets
{
    public string StreamKind => "btrfs";

    /// <summary>Two machines unpack an image each into a subvolume of their own, which no stream takes for one.</summary>
    public bool OriginsTravel => false;

    public bool EachIsAFileSystem => false;

    public bool VolumesAreFiles => true;

    /// <summary>The kernel gives out a snapshot as a whole; what came of one that was cut is dropped, if not by its receiver, by the next.</summary>
    public string? ResumeToken(DatasetName name) => null;

    public void AbortReceive(DatasetName name) => Change(name.Value, "receive", RemoveDead);

    private void ReceiveOnto(BtrfsReceive.Reader reader, SnapshotName onto, bool mount)
    {
        string name = onto.Dataset.Value;
        var stream = reader.Header();
        if (stream.Parts.Count != 1)
        {
            throw DatasetException.Stream(name, "is of several datasets, and an increment is to one");
        }
        var snaps = stream.Parts[0].Snapshots;
        Look(name, "receive", tree => RequireNewest(tree, onto, snaps[0].From));
        var held = new List<FileDescriptor>();
        ulong id = Hold(held);
        try
        {
            using var whole = new BtrfsWholeView(_layout.Live);
            foreach (var snap in snaps)
            {
                BtrfsReceive.Unpack(reader, whole.Of(_layout.SnapshotsOf(id)), whole.Top);
                if (!Directory.Exists(_layout.Of(id, new SnapName(snap.Number, snap.Name))))
                {
                    throw new FormatException($"it brings something else than the snapshot {snap.Name} that it names");
                }
            }
            reader.RequireWhole();
            Change(name, "receive", tree => TakeOver(tree, onto, id, stream.Parts[0], mount));
        }
        finally
        {
            RemoveRest(id);
            held.ForEach(h => h.Dispose());
        }
    }

    private BtrfsNode RequireNewest(BtrfsTree tree, SnapshotName onto, ulong from)
    {
        var (node, snap) = tree.Get(onto);
        return from == 0 || new BtrfsValues(_layout, tree).Guid(node, snap) != from
            ? throw DatasetException.Stream(onto.Dataset.Value, $"is not based on {onto}")
            : tree.SnapshotsOf(node)[^1] != snap
            ? throw DatasetException.HasChildren(onto.ToString())
            : node;
    }

    private void TakeOver(BtrfsTree tree, SnapshotName onto, ulong id, BtrfsStream.Part part, bool mount)
    {
        var node = RequireNewest(tree, onto, part.Snapshots[0].From);
        if (part.Snapshots.FirstOrDefault(s => tree.FindSnapshot(node, s.Name) is not null) is { } taken)
        {
            throw DatasetException.Exists(node.Name.At(taken.Name).ToString());
        }
        var values = new BtrfsValues(_layout, tree);
        var unmounted = UnmountAll(values, node, force: false);
        try
        {
            if (node.Live.IsVolume)
            {
                _volumes.Hide(node);
            }
            uint number = NextNumber(tree, node);
            var record = BtrfsRecord.Load(_layout.RecordOf(node.Id));
            for (int i = 0; i < part.Snapshots.Count; i++)
            {
                record.SnapshotGuids[number + (uint)i] = part.Snapshots[i].Guid;
            }
            record.Save(_layout.RecordOf(node.Id), node.Name.Value);
            SnapName last = null!;
            foreach (var snap in part.Snapshots)
            {
                string from = _layout.Of(id, new SnapName(snap.Number, snap.Name));
                last = new SnapName(number++, snap.Name);
                if (_quotas.On)
                {
                    // What was written is charged to the subvolume that it was written to, and through it to the dataset.
                    _quotas.Adopt(from, BtrfsQuotas.GroupOf(node));
                }
                Subvolume.Snapshot(from, _layout.Of(node.Id, last), readOnly: true, _quotas.Of(node));
            }
            BringBack(node, last);
        }
        finally
        {
            values = new BtrfsValues(_layout, tree);
            Settle(values, node, mount: false);
            MountEach(values, mount && unmounted.Count == 0 && !node.Live.IsVolume ? [node] : unmounted);
        }
    }
}
