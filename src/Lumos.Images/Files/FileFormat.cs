using System.Buffers.Binary;
using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Images.Archives;

namespace Lumos.Images.Files;

/// <summary>What a file holds once it is decompressed.</summary>
public enum FileFormat
{
    Unknown,
    ZfsStream,
    Tar,
    RawDisk,
    Qcow2,
    Vmdk,
    Vhdx,

    /// <summary>A text that names other files as the parts of a disk.</summary>
    VmdkDescriptor,
    Vhd,
    Vdi,
}

/// <summary>Tells formats by their first bytes alone: names lie, and so does whoever probes until something fits.</summary>
public static class FileFormats
{
    /// <summary>How many bytes <see cref="Recognise"/> wants; fewer when the file is shorter.</summary>
    public const int HeadLength = 64 << 10;

    public static FileFormat Recognise(ReadOnlySpan<byte> head) =>
        ZfsStreamUnpacker.LooksLikeZfsStream(head) ? FileFormat.ZfsStream
        : head.StartsWith((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]) ? FileFormat.Qcow2
        : head.StartsWith("KDMV"u8) || head.StartsWith("COWD"u8) ? FileFormat.Vmdk
        : head.StartsWith("# Disk DescriptorFile"u8) ? FileFormat.VmdkDescriptor
        : head.StartsWith("vhdxfile"u8) ? FileFormat.Vhdx
        : head.StartsWith("conectix"u8) ? FileFormat.Vhd
        : head.Length >= 68 && BinaryPrimitives.ReadUInt32LittleEndian(head[64..]) == 0xbeda107f ? FileFormat.Vdi
        : IsTar(head) ? FileFormat.Tar
        : IsDisk(head) ? FileFormat.RawDisk
        : FileFormat.Unknown;

    public static bool IsDiskFormat(FileFormat format) => format is FileFormat.RawDisk or FileFormat.Qcow2 or FileFormat.Vmdk or FileFormat.Vhdx;

    /// <summary>For people.</summary>
    public static string Describe(FileFormat format) => format switch
    {
        FileFormat.ZfsStream => "a ZFS stream",
        FileFormat.Tar => "a tar archive",
        FileFormat.RawDisk => "a raw disk",
        FileFormat.Qcow2 => "a qcow2 disk",
        FileFormat.Vmdk => "a vmdk disk",
        FileFormat.Vhdx => "a vhdx disk",
        FileFormat.VmdkDescriptor => "the text of a vmdk disk whose content lies in other files",
        FileFormat.Vhd => "a vhd disk",
        FileFormat.Vdi => "a vdi disk",
        _ => "of no kind that is known here",
    };

    private static bool IsTar(ReadOnlySpan<byte> head) =>
        head.Length >= TarBlock.Size && new TarBlock(head[..TarBlock.Size]) is var block && !block.IsZero && block.SumIsRight;

    /// <summary>A table of partitions (or a boot sector), or one file system over the whole disk: ext, XFS, ISO 9660.</summary>
    private static bool IsDisk(ReadOnlySpan<byte> head) =>
        (head.Length >= 512 && head[510] == 0x55 && head[511] == 0xaa)
        || Has(head, 512, "EFI PART"u8) || Has(head, 4096, "EFI PART"u8)
        || Has(head, 1024 + 56, [0x53, 0xef]) || Has(head, 0, "XFSB"u8) || Has(head, 32769, "CD001"u8);

    private static bool Has(ReadOnlySpan<byte> head, int offset, ReadOnlySpan<byte> word) => head.Length >= offset + word.Length && head[offset..].StartsWith(word);
}
