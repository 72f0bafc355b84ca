using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Volumes: a file in a subvolume, shown as a loop device from the moment it is made, with a link LINKS/POOL/NAME to
/// whichever device it got. Devices stay until the volume goes or the pool is closed; opening the pool shows all again.
/// </summary>
internal sealed class BtrfsVolumes(BtrfsLayout layout, string links)
{
    public string LinkOf(DatasetName name) => Path.Combine(links, name.Value);

    /// <summary>Shows a volume; one that is shown is fine.</summary>
    public void Show(BtrfsNode node)
    {
        string link = LinkOf(node.Name), file = BtrfsLayout.VolumeFile(layout.Of(node.Live));
        if (DeviceOf(node) is not null)
        {
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
        var (fd, device) = LoopDevice.Attach(file, writable: true, stays: true);
        using (fd)
        {
            File.CreateSymbolicLink(link, device);
        }
    }

    /// <summary>Lets go of the device and removes the link, with folders of the links' tree that are empty then.</summary>
    public void Hide(BtrfsNode node)
    {
        if (DeviceOf(node) is { } device)
        {
            Sync(device);
            LoopDevice.Detach(device);
        }
        string link = LinkOf(node.Name);
        if (new FileInfo(link).LinkTarget is not null)
        {
            File.Delete(link);
        }
        for (string folder = Path.GetDirectoryName(link)!;
            folder.Length > links.Length && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any();
            folder = Path.GetDirectoryName(folder)!)
        {
            Directory.Delete(folder);
        }
    }

    /// <summary>Puts what was written to the device into its file, so that a snapshot has it.</summary>
    public void Flush(BtrfsNode node)
    {
        if (node.Live.IsVolume && DeviceOf(node) is { } device)
        {
            Sync(device);
        }
    }

    public void Resize(BtrfsNode node, long bytes)
    {
        using (var file = new FileStream(BtrfsLayout.VolumeFile(layout.Of(node.Live)), FileMode.Open, FileAccess.Write))
        {
            file.SetLength(bytes);
        }
        if (DeviceOf(node) is { } device)
        {
            LoopDevice.Resize(device);
        }
    }

    private string? DeviceOf(BtrfsNode node) =>
        new FileInfo(LinkOf(node.Name)).LinkTarget is { } device && LoopDevice.Shows(device, BtrfsLayout.VolumeFile(layout.Of(node.Live)))
            ? device
            : null;

    private static void Sync(string device)
    {
        using var fd = FileDescriptorIo.Open(device, OpenFlags.ReadWrite);
        fd.Sync();
    }
}
