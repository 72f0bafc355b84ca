namespace Lumos.LiveImage;

/// <summary>A finished platform image: the files under <c>out/platform/STAMP/</c>.</summary>
public sealed record PlatformImage
{
    /// <summary>The build stamp, such as <c>20261120T104500Z</c>.</summary>
    public required string Stamp { get; init; }

    /// <summary><c>out/platform/STAMP</c>.</summary>
    public required string Directory { get; init; }

    /// <summary>Path of the Linux kernel (bzImage).</summary>
    public required string Kernel { get; init; }

    /// <summary>Path of the initramfs; further cpio archives may be appended to a copy of it (pad to 4 bytes).</summary>
    public required string BootArchive { get; init; }

    /// <summary>Path of the hybrid ISO.</summary>
    public required string Iso { get; init; }

    /// <summary>Path of the file with root's password for when no pool is imported.</summary>
    public required string RootPasswordFile { get; init; }

    /// <summary>Bytes of the kernel.</summary>
    public required long KernelSize { get; init; }

    /// <summary>Bytes of the boot archive.</summary>
    public required long BootArchiveSize { get; init; }

    /// <summary>Bytes of the multi-call binary.</summary>
    public required long BinarySize { get; init; }
}

/// <summary>The two programs of the platform, compiled ahead of time.</summary>
/// <param name="Lumos">Path of the multi-call binary.</param>
/// <param name="Init">Path of lumos-init.</param>
public sealed record PlatformBinaries(string Lumos, string Init);

/// <summary>A finished zone image: a manifest and a compressed ZFS stream under <c>out/images/</c>.</summary>
/// <param name="Name">Such as <c>lumos-base</c>.</param>
/// <param name="Version">Such as <c>1.0.0</c>.</param>
/// <param name="Uuid">The same for the same content.</param>
/// <param name="Manifest">Path of the manifest (version 2 JSON).</param>
/// <param name="File">Path of the compressed stream.</param>
/// <param name="Disk">Path of the raw disk that a volume's stream was made of, which is not to be written to; null for other images.</param>
public sealed record ZoneImage(string Name, string Version, Guid Uuid, string Manifest, string File, string? Disk);
