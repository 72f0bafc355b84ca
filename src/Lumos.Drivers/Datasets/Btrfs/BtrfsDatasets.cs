using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Datasets over a btrfs file system, with ZFS's meaning, for hosts without ZFS. A pool is one folder of a mounted file system
/// (<see cref="BtrfsPool"/> makes and opens it).
/// <para>
/// On disk, below ROOT/lumos: live/ID.PARENT.KIND.ORIGIN.LEAF is the subvolume of a dataset (<see cref="LiveName"/>),
/// snapshots/ID/NUMBER.NAME a read-only one of each snapshot, records/ID bears identity and properties
/// (<see cref="BtrfsRecord"/>), work/ what is under way. The directory live is the only index: one readdir gives the whole tree
/// with kinds and origins, snapshots are looked at when asked for, properties likewise.
/// </para>
/// <para>
/// Crash safety comes from btrfs's own transactions, not from a journal of ours. Names, attributes, quota groups and subvolumes
/// are all metadata, which reach the disk in the order they were changed, a transaction as a whole. What a dataset needs
/// (record, group, folder) is made first; then it exists through one call that makes its subvolume under its final name, and
/// the transaction is committed (a snapshot's call does that by itself). A tree goes by its top: what lies below a subvolume that is not there is not there either. So a power cut
/// leaves before or after, and strays that <see cref="Recover"/> takes away. Recursive snapshots are many calls: the kernel
/// has none for several subvolumes at one instant, so they are taken side by side, and a file in work/ makes
/// that all or nothing across a cut. A rollback exchanges two names in one step.
/// </para>
/// <para>
/// Processes: changes are made under one flock on ROOT/lumos/lock; looks take none. A receive holds the lock at its ends only
/// and its record's own lock meanwhile. Mounts are those of the caller's mount namespace (<see cref="BtrfsMounts"/>); space is
/// accounted by <see cref="BtrfsQuotas"/>; volumes are loop devices (<see cref="BtrfsVolumes"/>); streams are
/// <see cref="BtrfsStream"/>'s.
/// </para>
/// Tested by the contract that all datasets keep, over a real file system.
/// </summary>
/// <param name="pool">The pool's name, such as zones.</param>
/// <param name="root">Where the file system (or the folder of it that is ours) is mounted.</param>
/// <param name="volumeLinks">Where links to volumes' devices go.</param>
/// <param name="note">Gets a sentence for each property that is kept but not carried out as ZFS would.</param>
public sealed partial class BtrfsDatasets(string pool, string root, string volumeLinks = "/dev/zvol", Action<string>? note = null) : IDatasets
{
    private readonly BtrfsLayout _layout = new(root);
    private readonly BtrfsVolumes _volumes = new(new BtrfsLayout(root), volumeLinks);
    private readonly BtrfsQuotas _quotas = new(new BtrfsLayout(root));
    private readonly Action<string> _note = note ?? (_ => { });

    public string Pool => pool;

    public void Settle(DatasetName pool) => DurableFile.SyncFileSystem(_layout.Root);

    public IReadOnlyList<DatasetEntry> List(
        DatasetName? root, DatasetKinds kinds = DatasetKinds.Live, int? depth = null, IReadOnlyList<string>? properties = null)
    {
        string[] wanted = [.. (properties ?? []).Distinct()];
        return Look(root?.Value ?? "all pools", "list", tree =>
        {
            var top = root is null ? tree.Root : tree.Get(root);
            var values = new BtrfsValues(_layout, tree);
            if (wanted.Except(BtrfsValues.FromTheTree).Any())
            {
                values.Expect(top.Tree().Count(n => n.Depth - top.Depth <= (depth ?? int.MaxValue) && kinds.HasFlag(n.Kind)));
            }
            var found = new List<DatasetEntry>();
            int limit = depth ?? int.MaxValue - 1;
            foreach (var node in top.Tree())
            {
                int below = node.Depth - top.Depth;
                if (below <= limit && kinds.HasFlag(node.Kind))
                {
                    found.Add(new DatasetEntry
                    {
                        Dataset = node.Name,
                        Kind = node.Kind,
                        Properties = wanted.ToDictionary(p => p, p => values.Of(node, p)),
                    });
                }
                if (below < limit && kinds.HasFlag(DatasetKinds.Snapshot))
                {
                    found.AddRange(tree.SnapshotsOf(node).Select(s => new DatasetEntry
                    {
                        Dataset = node.Name,
                        Snapshot = node.Name.At(s.Name),
                        Kind = DatasetKinds.Snapshot,
                        Properties = wanted.ToDictionary(p => p, p => values.Of(node, s, p)),
                    }));
                }
            }
            return found;
        });
    }

    public bool Exists(DatasetName name) => Look(name.Value, "look for", tree => tree.Find(name) is not null);

    public bool Exists(SnapshotName name) => Look(
        name.ToString(), "look for", tree => tree.Find(name.Dataset) is { } node && tree.FindSnapshot(node, name.Name) is not null);

    public IReadOnlyDictionary<string, string?> GetProperties(DatasetName name, params string[] properties) =>
        List(name, DatasetKinds.Live, 0, properties)[0].Properties;

    /// <summary>Where a property's value comes from, in zfs get's words: local, default, inherited from NAME, or "-".</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    public string SourceOf(DatasetName name, string property) => Look(name.Value, "look at", tree =>
    {
        var node = tree.Get(name);
        if (BtrfsProperties.Computed.Contains(property))
        {
            return "-";
        }
        var (value, from) = new BtrfsValues(_layout, tree).Inherited(node, property);
        return from == node ? "local" : from is not null ? $"inherited from {from.Name}" : value is null && property != "mountpoint" ? "-" : "default";
    });

    public string? DelegationFault => $"pool {pool} is on btrfs, which has nothing of the kind";

    public IReadOnlyList<DatasetName> Clones(SnapshotName snapshot) => Look(snapshot.ToString(), "look at", tree =>
    {
        var (node, snap) = tree.Get(snapshot);
        return tree.ClonesOf(node, snap).Select(c => c.Name).ToList();
    });

    /// <summary>
    /// Takes away what changes left that were cut short, brings quota groups in order and shows all volumes as devices. For
    /// whoever opens the pool.
    /// </summary>
    public void Recover() => Change(pool, "recover", tree =>
    {
        RemoveDead(tree);
        _quotas.Mend(tree, new BtrfsValues(_layout, tree), tree.Root);
        _quotas.Sweep();
        foreach (var node in tree.Root.Tree().Where(n => n.Live.IsVolume))
        {
            _volumes.Show(node);
        }
    });

    /// <summary>What processes left that ended in the middle: whoever is at it still holds its record.</summary>
    private void RemoveDead(BtrfsTree tree)
    {
        foreach (var stray in tree.Strays)
        {
            if (TryLockRecord(stray.Id) is { } held)
            {
                using (held)
                {
                    Subvolume.Destroy(_layout.Of(stray));
                    RemoveRest(stray.Id);
                }
            }
        }
        foreach (string name in BtrfsLayout.Entries(_layout.Records).Union(BtrfsLayout.Entries(_layout.Snapshots)))
        {
            if (LiveName.TryHex(name, out ulong id) && tree.Find(id) is null && TryLockRecord(id) is { } held)
            {
                using (held)
                {
                    RemoveRest(id);
                }
            }
        }
    }

    /// <summary>Mounts every file system that mounts itself, parents first.</summary>
    public void MountAll() => Change(pool, "mount", tree =>
    {
        var values = new BtrfsValues(_layout, tree);
        MountEach(values, tree.Root.Tree().Where(n =>
            !n.Live.IsVolume && values.Inherited(n, "canmount").Value == "on" && values.Mountpoint(n).StartsWith('/')));
    });

    /// <summary>Unmounts all file systems and lets go of all volumes' devices, so that the pool's own mount can go.</summary>
    public void Close() => Change(pool, "close", tree =>
    {
        foreach (var node in tree.Root.Tree().Where(n => n.Live.IsVolume))
        {
            _volumes.Hide(node);
        }
        UnmountAll(new BtrfsValues(_layout, tree), tree.Root, force: false);
    });

    /// <summary>Makes the pool's folder and its own dataset; what is there already is fine.</summary>
    internal void Initialise()
    {
        foreach (string folder in new[] { _layout.Home, _layout.Live, _layout.Snapshots, _layout.Records, _layout.Work, _layout.DeadGroups })
        {
            // Nobody but root looks in: a tenant's files are there with the owners that they have in his zone.
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        using var held = Lock();
        if (BtrfsLayout.Entries(_layout.Live).Select(LiveName.Parse).OfType<LiveName>().Any(n => n.Parent == 0))
        {
            return;
        }
        ulong id = FreshId();
        BtrfsRecord.Fresh().Save(_layout.RecordOf(id), pool);
        Subvolume.Create(_layout.Of(new LiveName(id, 0, false, null, pool)), _quotas.Prepare(null, id, 0));
    }

    private T Look<T>(string name, string what, Func<BtrfsTree, T> look)
    {
        try
        {
            // Between the look at the tree and the one at a dataset another process may have destroyed it: look again then.
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return look(BtrfsTree.Load(_layout, pool));
                }
                catch (Exception e) when (attempt < 4 && IsGone(e))
                {
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || e is LumosException { Code: "DatasetRecordInvalid" })
        {
            throw DatasetException.Failed(name, what, e);
        }
    }

    private static bool IsGone(Exception e) =>
        e is LumosException { Code: "DatasetRecordInvalid" } or ErrnoException { Errno: Errno.ENOENT } or FileNotFoundException;

    /// <summary>
    /// One change, under the lock. It leaves a mark while it is under way: whoever finds one comes after a process that was killed (or a
    /// change that failed half way), and takes away first what that left.
    /// </summary>
    private void Change(string name, string what, Action<BtrfsTree> change)
    {
        try
        {
            using var held = Lock();
            bool cutShort = TakeBackWork();
            File.Create(_layout.ChangeMark).Dispose();
            var tree = BtrfsTree.Load(_layout, pool);
            if (cutShort)
            {
                RemoveDead(tree);
            }
            change(tree);
            File.Delete(_layout.ChangeMark);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DatasetException.Failed(name, what, e);
        }
    }

    private FileDescriptor Lock()
    {
        var fd = FileDescriptorIo.Open(_layout.Lock, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow, 0x180 /* 0600 */);
        try
        {
            FileLocks.Lock(fd);
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>The record's own lock; null: somebody receives into it.</summary>
    private FileDescriptor? TryLockRecord(ulong id)
    {
        string file = _layout.RecordOf(id);
        var fd = FileDescriptorIo.Open(file, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow, 0x180 /* 0600 */);
        if (FileLocks.TryLock(fd))
        {
            return fd;
        }
        fd.Dispose();
        return null;
    }

    private ulong FreshId()
    {
        while (true)
        {
            ulong id = (ulong)Random.Shared.NextInt64(1, 1L << 40);
            if (!File.Exists(_layout.RecordOf(id)))
            {
                return id;
            }
        }
    }
}
