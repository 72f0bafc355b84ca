namespace Lumos.Node.Disks;

/// <summary>A group of disks that ZFS treats as one: <see cref="Type"/> is null for a lone disk, else mirror, raidz, raidz2 or raidz3.</summary>
public sealed record Vdev(string? Type, IReadOnlyList<Disk> Devices);

/// <summary>How a pool is to be laid out over disks: what <c>disklayout</c> prints and <c>mkzpool</c> carries out.</summary>
public sealed record PoolLayout
{
    public required IReadOnlyList<Vdev> Vdevs { get; init; }

    public IReadOnlyList<Disk> Spares { get; init; } = [];

    public IReadOnlyList<Disk> Logs { get; init; } = [];

    public IReadOnlyList<Disk> Cache { get; init; } = [];

    /// <summary>Bytes that can be stored, before ZFS's own needs.</summary>
    public long Capacity { get; init; }

    /// <summary>The profile's name: single, mirror, raidz1, raidz2 or raidz3.</summary>
    public string Profile => Vdevs[0].Type switch { null => "single", "raidz" => "raidz1", var type => type };

    /// <summary>Every disk the layout takes.</summary>
    public IEnumerable<Disk> Disks => Vdevs.SelectMany(v => v.Devices).Concat(Spares).Concat(Logs).Concat(Cache);

    /// <summary>The vdev words of <c>zpool create</c>, with full device paths.</summary>
    public IReadOnlyList<string> ZpoolWords()
    {
        var words = new List<string>();
        foreach (var vdev in Vdevs)
        {
            if (vdev.Type is not null)
            {
                words.Add(vdev.Type);
            }
            words.AddRange(vdev.Devices.Select(Device));
        }
        Add("spare", Spares);
        Add("log", Logs);
        Add("cache", Cache);
        return words;

        void Add(string role, IReadOnlyList<Disk> disks)
        {
            if (disks.Count > 0)
            {
                words.Add(role);
                words.AddRange(disks.Select(Device));
            }
        }

        static string Device(Disk disk) => disk.Name.StartsWith('/') ? disk.Name : "/dev/" + disk.Name;
    }
}
