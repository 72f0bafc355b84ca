namespace Lumos.Images.Files;

/// <summary>
/// How much is too much of a disk that nobody vouches for, and of the program that reads it. A disk says its size and need not have
/// it; a compressed one can become anything. Space is not counted here: the pool refuses what it has not.
/// </summary>
internal static class DiskLimits
{
    /// <summary>Of the disk as its guest sees it.</summary>
    public const long MostVirtualBytes = 16L << 40;

    /// <summary>Of a compressed file once it is decompressed, holes included.</summary>
    public const long MostUnpackedBytes = 4L << 40;

    /// <summary>Address space of qemu-img, bytes: it takes some 500 MB for a disk of any size.</summary>
    public const long ToolMemory = 2L << 30;

    /// <summary>Processor time of qemu-img, seconds: a disk of 1 TiB takes less.</summary>
    public const long ToolSeconds = 4 * 3600;
}
