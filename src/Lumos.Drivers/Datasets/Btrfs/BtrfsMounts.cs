using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Which datasets are mounted where, as this process's mount namespace has it. A dataset is mounted by binding its subvolume
/// from the pool's own mount: that costs no look at the device, and flags are set before anybody sees the mount.
/// </summary>
internal sealed class BtrfsMounts
{
    private readonly HashSet<(string FileName, string Target)> _mounted;

    private BtrfsMounts(string top, HashSet<(string FileName, string Target)> mounted) => (Top, _mounted) = (top, mounted);

    /// <summary>Where the file system itself, or the directory of it that was given, is mounted.</summary>
    public string Top { get; }

    public static BtrfsMounts Look(BtrfsLayout layout)
    {
        var table = MountTable.Read();
        // The last of the mounts on the longest path is the one seen.
        var top = table.Where(m => m.Target == "/" || layout.Live == m.Target || layout.Live.StartsWith(m.Target + "/", StringComparison.Ordinal))
            .MaxBy(m => (m.Target.Length, m.Id))!;
        string root = (top.Root + layout.Live[top.Target.TrimEnd('/').Length..]).Replace("//", "/", StringComparison.Ordinal) + "/";
        return new BtrfsMounts(top.Target,
            [.. table.Where(m => m.Device == top.Device && m.Root.StartsWith(root, StringComparison.Ordinal))
                .Select(m => (m.Root[root.Length..], m.Target))]);
    }

    public bool IsMounted(LiveName live, string mountpoint) => _mounted.Contains((live.FileName, mountpoint));

    /// <summary>All places where a dataset is mounted as a whole.</summary>
    public IEnumerable<string> Of(LiveName live) => _mounted.Where(m => m.FileName == live.FileName).Select(m => m.Target);

    public static void Attach(string subvolume, string mountpoint, MountAttributes attributes)
    {
        Directory.CreateDirectory(mountpoint);
        using var tree = Mount.CloneTree(subvolume);
        if (attributes != MountAttributes.None)
        {
            Mount.SetAttributes(tree, attributes);
        }
        Mount.Attach(tree, mountpoint);
    }
}
