namespace Lumos.Drivers.Datasets;

/// <summary>
/// The machine's storage as a tree of datasets: file systems and volumes with properties, snapshots of them, and clones of
/// snapshots. <see cref="ZfsDatasets"/> is the real one on the live image; tests use the in-memory one, which keeps the
/// same rules. Property names are ZFS's; every size is in bytes. Calls block. A call that could not look throws
/// (DatasetFailed); it never answers "none".
/// </summary>
public interface IDatasets
{
    /// <summary>
    /// Everything at and below <paramref name="root"/> in one look, parents before children.
    /// </summary>
    /// <param name="root">Null: all pools.</param>
    /// <param name="kinds">Which kinds to list.</param>
    /// <param name="depth">0: the root alone; 1: and its children (or snapshots); null: all levels.</param>
    /// <param name="properties">Properties to bring along.</param>
    /// <exception cref="DatasetException">DatasetNotFound: no such root.</exception>
    IReadOnlyList<DatasetEntry> List(
        DatasetName? root, DatasetKinds kinds = DatasetKinds.Live, int? depth = null, IReadOnlyList<string>? properties = null);

    /// <summary>
    /// Brings to the disk what was written to a pool, where it does not know before how much room that takes (btrfs counts when it
    /// commits; ZFS does by itself within seconds).
    /// </summary>
    void Settle(DatasetName pool)
    {
    }

    bool Exists(DatasetName name);

    bool Exists(SnapshotName name);

    /// <summary>Properties of one dataset, in one look; null where unset or not applicable.</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    IReadOnlyDictionary<string, string?> GetProperties(DatasetName name, params string[] properties);

    /// <summary>Makes a file system and mounts it, if its properties say so.</summary>
    /// <param name="name">What to make.</param>
    /// <param name="properties">Set before the first mount.</param>
    /// <param name="parents">Make missing parents too; an existing dataset is then no error.</param>
    /// <exception cref="DatasetException">DatasetExists; DatasetNotFound: no parent.</exception>
    void Create(DatasetName name, IReadOnlyDictionary<string, string>? properties = null, bool parents = false);

    /// <summary>Makes a volume (a block device) of so many bytes; sparse: without reserving them.</summary>
    /// <exception cref="DatasetException">DatasetExists; DatasetNotFound: no parent.</exception>
    void CreateVolume(DatasetName name, long bytes, IReadOnlyDictionary<string, string>? properties = null, bool sparse = false);

    /// <summary>Makes a writable copy of a snapshot that shares its blocks.</summary>
    /// <exception cref="DatasetException">DatasetExists; DatasetNotFound: no snapshot or no parent.</exception>
    void Clone(SnapshotName snapshot, DatasetName name, IReadOnlyDictionary<string, string>? properties = null);

    /// <summary>Destroys a dataset; recursive: with its children and snapshots. What has clones elsewhere is never destroyed.</summary>
    /// <exception cref="DatasetException">DatasetNotFound, DatasetHasChildren, DatasetHasClones.</exception>
    void Destroy(DatasetName name, bool recursive = false);

    /// <summary>Takes a snapshot; recursive: of all that lies below too, at one instant.</summary>
    /// <exception cref="DatasetException">DatasetExists, DatasetNotFound.</exception>
    void Snapshot(SnapshotName name, bool recursive = false);

    /// <exception cref="DatasetException">DatasetNotFound, DatasetHasClones.</exception>
    void DestroySnapshot(SnapshotName name, bool recursive = false);

    /// <summary>Brings a dataset back to a snapshot; later ones are destroyed with <paramref name="destroyLater"/>, else refused.</summary>
    /// <exception cref="DatasetException">DatasetNotFound; DatasetHasChildren: later snapshots exist; DatasetHasClones.</exception>
    void Rollback(SnapshotName name, bool destroyLater = false);

    /// <summary>
    /// Shows the files of a snapshot of a file system, read-only, at the directory that <paramref name="look"/> gets. They are
    /// there until it returns; what is opened meanwhile keeps them in use.
    /// </summary>
    /// <exception cref="DatasetException">DatasetNotFound; DatasetFailed.</exception>
    void LookInto(SnapshotName name, Action<string> look) => LookInto([name], (_, folder) => look(folder));

    /// <summary>The same of several, one after the other, for little more than the cost of one.</summary>
    /// <exception cref="DatasetException">DatasetNotFound; DatasetFailed. Those before it have been looked into.</exception>
    void LookInto(IReadOnlyList<SnapshotName> names, Action<SnapshotName, string> look);

    /// <summary>Renames within a pool, also what belongs to a zone (zoned=on); children and snapshots go along.</summary>
    /// <exception cref="DatasetException">DatasetNotFound, DatasetExists.</exception>
    void Rename(DatasetName name, DatasetName newName);

    /// <exception cref="DatasetException">DatasetNotFound, DatasetExists.</exception>
    void RenameSnapshot(SnapshotName name, string newName);

    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    void SetProperties(DatasetName name, IReadOnlyDictionary<string, string> properties);

    /// <summary>Takes a property back to what the parent (or the default) says.</summary>
    /// <exception cref="DatasetException">DatasetNotFound; DatasetFailed: it is not one that is inherited (quota).</exception>
    void Inherit(DatasetName name, string property);

    /// <summary>Mounts a file system at its mountpoint; one already mounted is fine.</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    void Mount(DatasetName name);

    /// <summary>Unmounts a file system and those below it; one not mounted is fine.</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    void Unmount(DatasetName name, bool force = false);

    /// <summary>The datasets that are clones of a snapshot.</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    IReadOnlyList<DatasetName> Clones(SnapshotName snapshot);

    /// <summary>Why no dataset can be given to a zone here, as the end of a sentence; null: they can (<see cref="Delegation.IDatasetDelegation"/>).</summary>
    string? DelegationFault { get; }

    /// <summary>What streams are made of here ("zfs", "btrfs"): one goes only to where the same is said.</summary>
    string StreamKind { get; }

    /// <summary>
    /// Whether an image that was installed on two machines is one origin for both, so that a stream of a clone may begin there.
    /// </summary>
    bool OriginsTravel { get; }

    /// <summary>
    /// Whether syncfs(2) of a dataset's mount brings that dataset to the disk and no other: it is a file system of its own. Where all
    /// of them are one, the call waits for what every zone has written.
    /// </summary>
    bool EachIsAFileSystem { get; }

    /// <summary>Whether volumes are files of a file system: no space is held back for them, and the size of their blocks is not chosen.</summary>
    bool VolumesAreFiles => false;

    /// <summary>Turns a snapshot into a stream of bytes.</summary>
    /// <exception cref="DatasetException">DatasetNotFound.</exception>
    IDatasetSend OpenSend(SnapshotName snapshot, SendOptions? options = null);

    /// <summary>Makes a new dataset from a stream of bytes; it is there only after <see cref="IDatasetReceive.Finish"/>.</summary>
    /// <exception cref="DatasetException">DatasetExists; DatasetNotFound: no parent.</exception>
    IDatasetReceive OpenReceive(DatasetName name, ReceiveOptions? options = null);

    /// <summary>
    /// How a sender goes on with a receive (<see cref="ReceiveOptions.Resumable"/>) that was cut short; null: nothing of such
    /// a one is here. A dataset that it would have made exists meanwhile, with nothing in it.
    /// </summary>
    string? ResumeToken(DatasetName name);

    /// <summary>Drops what a receive that was cut short has left: a new dataset goes, one that was there is as it was.</summary>
    void AbortReceive(DatasetName name);
}

/// <summary>How to send.</summary>
public sealed record SendOptions
{
    /// <summary>Send only what changed since this snapshot: an earlier one, or of a clone its origin, or the origin of that, and so on.</summary>
    public SnapshotName? From { get; init; }

    /// <summary>With all that lies below, properties and earlier snapshots.</summary>
    public bool Replicate { get; init; }

    /// <summary>With the properties set on the dataset.</summary>
    public bool Properties { get; init; }

    /// <summary>The receiver's word for how far it came (<see cref="IDatasets.ResumeToken"/>): send the rest; nothing else counts then.</summary>
    public string? Resume { get; init; }
}

/// <summary>How to receive.</summary>
public sealed record ReceiveOptions
{
    /// <summary>The snapshot an incremental stream must be based on; the new dataset is a clone of it.</summary>
    public SnapshotName? Origin { get; init; }

    /// <summary>
    /// The stream is an increment to this one, the newest snapshot of a dataset that is there, which becomes what the stream says;
    /// what changed since the snapshot is dropped.
    /// </summary>
    public SnapshotName? Onto { get; init; }

    /// <summary>Cut short, it leaves what is needed to go on, where the storage can (<see cref="IDatasets.ResumeToken"/>).</summary>
    public bool Resumable { get; init; }

    /// <summary>Set on the new dataset, over what the stream brings.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Properties that are not taken from the stream: the new dataset has of each what it would have without. Each has to be one that such
    /// a dataset can have (a volume has no quota). Not with <see cref="Onto"/>.
    /// </summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Mount it when done.</summary>
    public bool Mount { get; init; }
}

/// <summary>A send under way. Read <see cref="Output"/> to its end, then <see cref="Finish"/>; disposing before that stops it.</summary>
public interface IDatasetSend : IDisposable
{
    Stream Output { get; }

    /// <summary>Waits for the sender. Without this, a stream that ended early cannot be told from a whole one.</summary>
    /// <exception cref="DatasetException">DatasetFailed.</exception>
    void Finish();
}

/// <summary>A receive under way. Write everything to <see cref="Input"/>, then <see cref="Finish"/>; disposing before that leaves nothing, or what resumes it.</summary>
public interface IDatasetReceive : IDisposable
{
    Stream Input { get; }

    /// <summary>Closes the input and waits until the dataset is there.</summary>
    /// <exception cref="DatasetException">StreamInvalid: truncated, damaged or based on something else.</exception>
    void Finish();
}
