using Lumos.Core;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Linux.Btrfs;

namespace Lumos.Drivers.Pools;

/// <summary>
/// The one pool of a hosted global zone on btrfs, to be looked at. It is made by <c>lumos-host up</c> and opened and closed by a
/// service; what else IPools can do is about a machine's disks and refused here.
/// </summary>
/// <param name="name">The pool's name.</param>
/// <param name="root">Where its file system is seen.</param>
/// <param name="sysBtrfs">The kernel's view of btrfs file systems; for tests.</param>
public sealed class BtrfsPools(string name, string root, string sysBtrfs = "/sys/fs/btrfs") : IPools
{
    private readonly BtrfsPool _pool = new(name, root);

    /// <summary>Empty while the pool is not open.</summary>
    public IReadOnlyList<PoolFacts> List() => _pool.IsOpen ? [_pool.Facts()] : [];

    /// <summary>The devices as the kernel names them (a loop device for a pool in a file), and the profile of data in ZFS's word where there is one.</summary>
    public PoolDevices Devices(string name)
    {
        if (name != _pool.Name || !_pool.IsOpen)
        {
            throw new LumosException("PoolNotFound", $"there is no open pool {name}");
        }
        string folder = Path.Combine(sysBtrfs, Subvolume.FileSystemId(root).ToString());
        string[] devices = [.. Entries(Path.Combine(folder, "devices")).Select(device => "/dev/" + device)];
        string[] kept = [.. Entries(Path.Combine(folder, "allocation/data")).Where(entry => Directory.Exists(Path.Combine(folder, "allocation/data", entry)))];
        return new PoolDevices(ProfileOf(kept), devices);
    }

    public IReadOnlyList<string> Import(IReadOnlyList<string>? only) => throw Refusal("imported");

    public void Create(PoolToCreate pool) => throw Refusal("made");

    public void Destroy(string name) => throw Refusal("destroyed");

    public void SetComment(string name, string comment) => throw Refusal("given a comment");

    public void Export(string name) => throw Refusal("exported");

    /// <summary>While a conversion is under way there are several, and the one with the fewest copies counts.</summary>
    internal static string ProfileOf(IReadOnlyCollection<string> profiles) =>
        profiles.Count == 0 || profiles.Any(p => p is "single" or "raid0") ? "striped"
        : profiles.First() is var profile && profile is "raid1" or "raid1c3" or "raid1c4" or "dup" ? "mirror"
        : profiles.First();

    private static IEnumerable<string> Entries(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)
            : [];

    private static LumosException Refusal(string done) => new("HostedRefuses",
        $"pools of a host are not {done} from within hosted mode; \"lumos-host up\" makes and opens the one that it has");
}
