namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>What an unpacked stream said and what came of it.</summary>
public sealed record ZfsStreamFacts
{
    /// <summary>The snapshot that was sent, by the sender's name: "pool/fs@snap".</summary>
    public required string ToName { get; init; }

    public required ulong ToGuid { get; init; }

    /// <summary>0: the stream is a full one, as all that are unpacked.</summary>
    public required ulong FromGuid { get; init; }

    /// <summary>When the snapshot was taken.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>Everything made that is no directory, each counted once whatever its names.</summary>
    public required long Files { get; init; }

    public required long Directories { get; init; }

    /// <summary>Of a volume: its size; null: it is a file system.</summary>
    public long? VolumeBytes { get; init; }

    /// <summary>The lengths of all regular files together.</summary>
    public required long Bytes { get; init; }

    /// <summary>
    /// What the stream holds and the tree does not, one sentence a kind, with a count and the first place. Change and birth
    /// times are not named: no file system lets them be set.
    /// </summary>
    public required IReadOnlyList<string> NotCarried { get; init; }
}

/// <summary>How much a stream may ask for before it is refused.</summary>
public sealed record ZfsStreamLimits
{
    /// <summary>Bytes written, all files, tables and attributes together (holes are free).</summary>
    public long MostBytes { get; init; } = long.MaxValue;

    /// <summary>Length of one file, holes included.</summary>
    public long MostFileBytes { get; init; } = 1L << 44;

    /// <summary>Objects, that is files and directories. Some 100 bytes of memory each while the stream comes in.</summary>
    public long MostObjects { get; init; } = 8 << 20;

    /// <summary>Entries of all directories together.</summary>
    public long MostEntries { get; init; } = 16 << 20;

    /// <summary>How deep directories may lie.</summary>
    public int MostDepth { get; init; } = 1024;
}
