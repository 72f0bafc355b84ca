using System.Globalization;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Node.Disks;

/// <summary>
/// The machine's disks, read from sysfs. What is not a disk of its own (loop, RAM, device-mapper, md, ZFS volumes, optical
/// and floppy drives, the hidden paths of multipath NVMe) is left out.
/// </summary>
public sealed class DiskInventory(string sysBlock = "/sys/block")
{
    private static readonly string[] NotDisks = ["loop", "ram", "zram", "zd", "dm-", "md", "sr", "fd", "nbd", "rbd", "mtdblock"];

    /// <summary>Every disk, removable ones too, in the order of their names.</summary>
    public IReadOnlyList<Disk> All() =>
        Directory.EnumerateFileSystemEntries(sysBlock)
            .Select(path => Path.GetFileName(path))
            .Where(IsDisk)
            .Select(Read)
            .Where(disk => disk.Size > 0)
            .OrderBy(disk => disk.Name.Length).ThenBy(disk => disk.Name, StringComparer.Ordinal)
            .ToList();

    /// <summary>
    /// Why the disk cannot be had, as the rest of a sentence that begins with its name; null when nothing holds it or a
    /// partition of it: no mounted file system, swap, imported pool. The kernel is asked by an exclusive open, which it
    /// refuses to whoever is not the only one.
    /// </summary>
    public static string? WhyNotFree(string name)
    {
        try
        {
            using var held = FileDescriptorIo.Open($"/dev/{name}", OpenFlags.ReadOnly | OpenFlags.Exclusive | OpenFlags.NonBlocking);
            return null;
        }
        catch (ErrnoException e)
        {
            return e.Errno == Errno.EBUSY ? "is in use" : $"cannot be opened ({Errno.Text(e.Errno)})";
        }
    }

    /// <summary>The whole disk that a device node (/dev/vda1, /dev/disk/by-id/…) belongs to, by its kernel name.</summary>
    public static string DiskOf(string device)
    {
        string real = File.ResolveLinkTarget(device, returnFinalTarget: true)?.FullName ?? device;
        string name = Path.GetFileName(real), entry = Path.Combine("/sys/class/block", name);
        return File.Exists(Path.Combine(entry, "partition"))
            && Directory.ResolveLinkTarget(entry, returnFinalTarget: true)?.FullName is { } path
            ? Path.GetFileName(Path.GetDirectoryName(path)!)
            : name;
    }

    private bool IsDisk(string name) =>
        !NotDisks.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        && !name.Contains("boot", StringComparison.Ordinal) && !name.EndsWith("rpmb", StringComparison.Ordinal)
        && Text(name, "hidden") is "" or "0";

    private Disk Read(string name)
    {
        string bus = Bus(name);
        bool virtio = bus == "VIRTIO"; // there "vendor" is the PCI number of the bus, not a maker's name
        return new Disk(
            name,
            bus,
            virtio ? "" : Text(name, "device/vendor"),
            Text(name, "device/model"),
            long.TryParse(Text(name, "size"), CultureInfo.InvariantCulture, out long sectors) ? sectors * 512 : 0,
            Text(name, "removable") == "1" || bus == "USB",
            Text(name, "queue/rotational") == "0");
    }

    private string Bus(string name)
    {
        // The link leads through the controller: …/pci0000:00/0000:00:1f.2/ata1/host0/…/block/sda
        string path = Directory.ResolveLinkTarget(Path.Combine(sysBlock, name), returnFinalTarget: true)?.FullName ?? "";
        string[] parts = path.Split('/');
        return Has("usb") ? "USB"
            : Has("nvme") ? "NVME"
            : Has("ata") ? "SATA"
            : Has("mmc") ? "MMC"
            : Has("host") ? "SCSI"
            : Has("virtio") ? "VIRTIO"
            : "UNKNOWN";

        bool Has(string kind) => parts.SkipLast(1).Any(p =>
            p.StartsWith(kind, StringComparison.Ordinal) && p.Length > kind.Length && char.IsAsciiDigit(p[kind.Length]));
    }

    private string Text(string name, string attribute)
    {
        try
        {
            return File.ReadAllText(Path.Combine(sysBlock, name, attribute)).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return ""; // not every kind of disk has every attribute
        }
    }
}
