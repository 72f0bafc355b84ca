using System.Globalization;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages.Disks;

/// <summary>
/// Makes a disk that boots under BIOS and under UEFI, as a sparse file, without loop devices or mounts.
/// <para>
/// GPT with three partitions: 1, GRUB's second half for BIOS (1 MiB); 2, the EFI system partition, with GRUB for UEFI under the name that
/// firmware looks for on a disk it does not know, and with /grub/grub.cfg, the recipe's, which both GRUBs read; 3, the rest: what the
/// recipe puts there.
/// </para>
/// All modules that GRUB needs are in its two images, so a disk has no folder of them that could be of another version.
/// </summary>
internal static class BootDisk
{
    /// <summary>Raised when the same inputs come to another disk.</summary>
    internal const string Version = "1";

    private const long MiB = 1 << 20;
    private const int Sector = 512, BiosStart = 1, SystemStart = 2;

    private const string BiosBoot = "21686148-6449-6E6F-744E-656564454649", EfiSystem = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
        LinuxData = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

    private static readonly string[] Modules =
    [
        "part_gpt", "fat", "ext2", "search", "search_label", "search_fs_uuid", "linux", "configfile", "normal", "serial", "terminal",
        "echo", "test", "all_video", "gzio", "halt", "reboot", "minicmd", "regexp", "loadenv",
    ];

    private static readonly Dictionary<string, string> Reproducibly = new() { ["SOURCE_DATE_EPOCH"] = "1700000000", ["E2FSPROGS_FAKE_TIME"] = "1700000000" };

    /// <param name="log">Of the build.</param>
    /// <param name="layout">What goes on it.</param>
    /// <param name="work">A folder for what is made on the way, all of which is removed.</param>
    /// <param name="target">The disk.</param>
    internal static void Make(BuildLog log, DiskLayout layout, string work, string target)
    {
        string scratch = Path.Combine(work, "disk");
        Directory.CreateDirectory(scratch);
        using (var disk = new FileStream(target, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            disk.SetLength(layout.Megabytes * MiB);
        }
        Partition(log, layout, scratch, target);
        long rest = SystemStart + layout.SystemMegabytes;
        Copy(SystemPartition(log, layout, scratch), target, SystemStart * MiB);
        if (layout.Root is { } root)
        {
            string file = Path.Combine(scratch, "root.img");
            // One MiB at the end is the second copy of the partition table.
            log.Run(
                ["mke2fs", "-q", "-t", "ext4", "-L", layout.RootLabel!, "-U", layout.RootUuid.ToString(), "-E", $"hash_seed={layout.RootUuid},lazy_itable_init=0", "-m", "1", "-d", root, file,
                    $"{layout.Megabytes - rest - 1}M"], Reproducibly);
            log.Run(["cp", "--sparse=always", file, file + ".sparse"]);
            Copy(file + ".sparse", target, rest * MiB);
        }
        EmbedForBios(log, scratch, target);
        Scratch.Delete(scratch);
    }

    private static void Partition(BuildLog log, DiskLayout layout, string scratch, string target)
    {
        string Id(int number) => layout.Id.ToString()[..^2] + number.ToString("x2", CultureInfo.InvariantCulture);
        long rest = SystemStart + layout.SystemMegabytes;
        string script = Path.Combine(scratch, "table");
        File.WriteAllText(script, string.Create(CultureInfo.InvariantCulture, $"""
            label: gpt
            label-id: {Id(0)}
            start={BiosStart}MiB, size=1MiB, type={BiosBoot}, uuid={Id(1)}
            start={SystemStart}MiB, size={layout.SystemMegabytes}MiB, type={EfiSystem}, uuid={Id(2)}
            start={rest}MiB, size={layout.Megabytes - rest - 1}MiB, type={LinuxData}, uuid={Id(3)}

            """));
        log.Run(["sh", "-c", $"sfdisk --quiet '{target}' < '{script}'"]);
    }

    private static string SystemPartition(BuildLog log, DiskLayout layout, string scratch)
    {
        string image = Path.Combine(scratch, "system.img"), loader = Path.Combine(scratch, "BOOTX64.EFI");
        // Without a device in front, the prefix is on the partition that the firmware loaded it from.
        log.Run(["grub-mkimage", "-O", "x86_64-efi", "-o", loader, "-p", "/grub", .. Modules], Reproducibly);
        using (var file = new FileStream(image, FileMode.CreateNew))
        {
            file.SetLength(layout.SystemMegabytes * MiB);
        }
        log.Run(["mkfs.vfat", "--invariant", "-n", "SYSTEM", "-i", layout.Id.ToString()[..8], image], Reproducibly);
        log.Run(["mmd", "-i", image, "::EFI", "::EFI/BOOT", "::grub"], Reproducibly);
        foreach (var (path, file) in layout.SystemFiles.Append(new("EFI/BOOT/BOOTX64.EFI", loader)).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            log.Run(["mcopy", "-i", image, file, "::" + path], Reproducibly);
        }
        return image;
    }

    /// <summary>
    /// GRUB's first sector goes to that of the disk, around the partition table, and names the sector where the rest begins; that one's
    /// own first sector lists where what follows it lies. Both are laid out so in GRUB's sources (boot.S: kernel_sector;
    /// diskboot.S: the block list, which ends the sector).
    /// </summary>
    private static void EmbedForBios(BuildLog log, string scratch, string target)
    {
        const int BootCode = 440, KernelSector = 0x5c, BlockList = 500;
        const ushort AfterFirstSector = 0x820;
        string core = Path.Combine(scratch, "core.img");
        log.Run(["grub-mkimage", "-O", "i386-pc", "-o", core, "-p", $"(,gpt{2})/grub", .. Modules, "biosdisk"], Reproducibly);
        byte[] first = File.ReadAllBytes("/usr/lib/grub/i386-pc/boot.img")[..BootCode];
        byte[] rest = File.ReadAllBytes(core);
        long start = BiosStart * MiB / Sector;
        int sectors = (rest.Length + Sector - 1) / Sector;
        if (rest.Length > MiB)
        {
            throw new Core.LumosException("BadRecipe", $"GRUB is {rest.Length} bytes, and there is room for {MiB}");
        }
        BitConverter.TryWriteBytes(first.AsSpan(KernelSector), start);
        BitConverter.TryWriteBytes(rest.AsSpan(BlockList), start + 1);
        BitConverter.TryWriteBytes(rest.AsSpan(BlockList + 8), (ushort)(sectors - 1));
        BitConverter.TryWriteBytes(rest.AsSpan(BlockList + 10), AfterFirstSector);
        using var disk = new FileStream(target, FileMode.Open, FileAccess.ReadWrite);
        disk.Write(first);
        disk.Position = start * Sector;
        disk.Write(rest);
    }

    private static void Copy(string file, string target, long offset)
    {
        using var source = File.OpenRead(file);
        using var disk = new FileStream(target, FileMode.Open, FileAccess.Write);
        byte[] block = new byte[1 << 20];
        for (int got; (got = source.ReadAtLeast(block, block.Length, throwOnEndOfStream: false)) > 0; offset += got)
        {
            if (block.AsSpan(0, got).ContainsAnyExcept((byte)0))
            {
                disk.Position = offset;
                disk.Write(block, 0, got);
            }
        }
    }
}

/// <summary>What goes on a disk.</summary>
internal sealed record DiskLayout
{
    /// <summary>Of the whole disk.</summary>
    public required int Megabytes { get; init; }

    /// <summary>Of the EFI system partition.</summary>
    public required int SystemMegabytes { get; init; }

    /// <summary>Files of the EFI system partition: path there, file here. The folders EFI/BOOT and grub are there.</summary>
    public required IReadOnlyDictionary<string, string> SystemFiles { get; init; }

    /// <summary>Identity of the partition table; the partitions' own follow from it.</summary>
    public required Guid Id { get; init; }

    /// <summary>A tree that becomes the ext4 file system of the third partition; null: it stays empty.</summary>
    public string? Root { get; init; }

    public string? RootLabel { get; init; }

    public Guid RootUuid { get; init; }
}
