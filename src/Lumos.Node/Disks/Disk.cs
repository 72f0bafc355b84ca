namespace Lumos.Node.Disks;

/// <summary>One whole disk as the layout rules see it.</summary>
/// <param name="Name">The kernel's name, such as <c>sda</c> (under /dev).</param>
/// <param name="Bus">How it is attached, in diskinfo's words: SCSI, SATA, NVME, VIRTIO, USB, MMC or UNKNOWN.</param>
/// <param name="Vendor">The maker; "" where the disk does not say.</param>
/// <param name="Product">The model; "" where the disk does not say.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Removable">Whether it (or its bus) may be pulled out in use; such disks are never laid out.</param>
/// <param name="SolidState">Whether it has no platters (the kernel's "rotational" is 0).</param>
public sealed record Disk(string Name, string Bus, string Vendor, string Product, long Size, bool Removable, bool SolidState);
