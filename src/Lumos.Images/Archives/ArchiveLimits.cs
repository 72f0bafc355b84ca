namespace Lumos.Images.Archives;

/// <summary>
/// How much is too much of an archive that nobody vouches for.
/// </summary>
/// <remarks>
/// A bomb is small where it is checked and large where it lands, in one of a few ways, and each has a number here. Bytes: what
/// compression makes of little (deflate up to 1,032 to 1, xz and zstd far more), while systems that people run shrink to a half
/// or a fifth; so an archive may become <see cref="FreeBytes"/> whatever its size, and above that <see cref="MostRatio"/> times
/// what it is. Holes: a sparse file says a length and brings no bytes. Entries: each costs an object on the disk and, of directories,
/// memory here, which has a number of its own. Depth: each level is a descriptor held open, and a kernel that looks a path up has a limit of its own. Headers:
/// what describes an entry is read into memory. The numbers are above everything that real systems have and below what harms a machine.
/// Space itself is not counted here: the pool refuses what it has not, and the dataset is destroyed.
/// </remarks>
public sealed record ArchiveLimits
{
    /// <summary>Headers, whatever they are of.</summary>
    public long MostEntries { get; init; } = 4 << 20;

    /// <summary>Lengths of all files together, holes included.</summary>
    public long MostBytes { get; init; } = 1L << 42;

    /// <summary>What an archive may unpack to in any case.</summary>
    public long FreeBytes { get; init; } = 1L << 30;

    /// <summary>Above <see cref="FreeBytes"/>: how many times its packed size.</summary>
    public int MostRatio { get; init; } = 200;

    /// <summary>Parts of one sparse file.</summary>
    public int MostExtents { get; init; } = 1 << 18;

    /// <summary>Directories above an entry.</summary>
    public int MostDepth { get; init; } = 256;

    /// <summary>Bytes of a path; Linux takes no longer one.</summary>
    public int MostPathBytes { get; init; } = 4095;

    /// <summary>Bytes of what a pax header says of one entry: names and extended attributes.</summary>
    public int MostHeaderBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of memory for what is known of directories until the end, when they get it.</summary>
    public long MostKeptBytes { get; init; } = 256 << 20;

    /// <summary>Bytes of one extended attribute; Linux takes no longer one.</summary>
    public int MostAttributeBytes { get; init; } = 1 << 16;
}
