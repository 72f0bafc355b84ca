using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

internal enum TarEntryKind
{
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>A part of a sparse file that has content.</summary>
internal readonly record struct Extent(long Offset, long Length);

/// <summary>One entry of a tar archive, all its headers taken together. Nothing in it has been checked but its form.</summary>
internal sealed record TarEntry
{
    /// <summary>As it stands in the archive.</summary>
    public required byte[] Name { get; init; }

    public required TarEntryKind Kind { get; init; }

    /// <summary>Of links.</summary>
    public required byte[] Target { get; init; }

    /// <summary>Permission, set-id and sticky bits.</summary>
    public required int Mode { get; init; }

    public required ulong User { get; init; }

    public required ulong Group { get; init; }

    public required FileTime Modified { get; init; }

    public required FileTime Accessed { get; init; }

    /// <summary>Length of the file, holes included.</summary>
    public required long Size { get; init; }

    public uint DeviceMajor { get; init; }

    public uint DeviceMinor { get; init; }

    /// <summary>Where its content lies, in their order; what is between is holes.</summary>
    public required IReadOnlyList<Extent> Extents { get; init; }

    /// <summary>Extended attributes, by the names that the kernel has for them.</summary>
    public required IReadOnlyList<(string Name, byte[] Value)> Attributes { get; init; }

    /// <summary>POSIX access lists as text (SCHILY.acl.access, SCHILY.acl.default); null: none.</summary>
    public string? AccessAcl { get; init; }

    public string? DefaultAcl { get; init; }
}
