namespace Lumos.Images.Archives;

/// <summary>How an archive is unpacked.</summary>
public sealed record UnpackOptions
{
    /// <summary>
    /// A layer of an OCI image, over what the layers below it have left in the directory, as their appliers do it: whiteouts take
    /// away, an entry replaces what is below it of another kind, names begin at the root with or without a slash, links that lie
    /// below are followed inside the root. Else: an archive of a whole system into an empty directory.
    /// </summary>
    public bool IsLayer { get; init; }

    /// <summary>How long the archive is as it lies on the disk; null: not known, and no ratio is looked at.</summary>
    public long? PackedBytes { get; init; }

    public ArchiveLimits Limits { get; init; } = new();
}

/// <summary>What was unpacked.</summary>
/// <param name="Files">Regular files; further names of one are not counted.</param>
/// <param name="Bytes">Their lengths, holes included.</param>
/// <param name="NotCarried">What of the archive is not in the tree, a sentence a kind.</param>
public sealed record UnpackFacts(long Entries, long Files, long Directories, long Bytes, IReadOnlyList<string> NotCarried);
