using System.Globalization;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>Where the parts of a pool lie in its file system; see <see cref="BtrfsDatasets"/> for what they mean.</summary>
internal sealed class BtrfsLayout(string root)
{
    /// <summary>The one folder of a pool in its file system.</summary>
    public const string Folder = "lumos";

    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Home => Path.Combine(Root, Folder);

    public string Lock => Path.Combine(Home, "lock");

    /// <summary>A subvolume per dataset.</summary>
    public string Live => Path.Combine(Home, "live");

    /// <summary>A folder per dataset with a read-only subvolume per snapshot.</summary>
    public string Snapshots => Path.Combine(Home, "snapshots");

    /// <summary>An empty file per dataset that bears its record.</summary>
    public string Records => Path.Combine(Home, "records");

    /// <summary>What a change under way needs, and what is to be taken back when it was cut short.</summary>
    public string Work => Path.Combine(Home, "work");

    /// <summary>There while a change is under way.</summary>
    public string ChangeMark => Path.Combine(Work, "change");

    /// <summary>An empty file per quota group of a dataset that is gone: the group can go when its last block has.</summary>
    public string DeadGroups => Path.Combine(Home, "dead-groups");

    public string Of(LiveName name) => Path.Combine(Live, name.FileName);

    public string SnapshotsOf(ulong id) => Path.Combine(Snapshots, Hex(id));

    public string Of(ulong id, SnapName name) => Path.Combine(SnapshotsOf(id), name.FileName);

    public string RecordOf(ulong id) => Path.Combine(Records, Hex(id));

    /// <summary>The content of a volume.</summary>
    public static string VolumeFile(string subvolume) => Path.Combine(subvolume, ZfsStream.ZfsStreamUnpacker.VolumeFile);

    public static string Hex(ulong id) => id.ToString("x10", CultureInfo.InvariantCulture);

    /// <summary>The names of a folder's entries; none when it is not there.</summary>
    public static IReadOnlyList<string> Entries(string folder)
    {
        try
        {
            return [.. new System.IO.Enumeration.FileSystemEnumerable<string>(
                folder, (ref System.IO.Enumeration.FileSystemEntry e) => e.FileName.ToString(),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}

/// <summary>
/// The name of a dataset's subvolume, which holds all that the tree of datasets is made of: ID.PARENT.KIND.ORIGIN.LEAF. So one
/// directory tells everything, a rename is one rename, and children follow without being touched.
/// </summary>
/// <param name="Id">40 random bits, for life.</param>
/// <param name="Parent">Id of the dataset it lies in; 0: the pool's own.</param>
/// <param name="Origin">The snapshot it is a clone of: dataset and number; null: none.</param>
internal sealed record LiveName(ulong Id, ulong Parent, bool IsVolume, (ulong Dataset, uint Number)? Origin, string Leaf)
{
    /// <summary>What the other parts leave of 255.</summary>
    public const int LongestLeaf = 200;

    public string FileName => string.Create(CultureInfo.InvariantCulture,
        $"{Id:x10}.{Parent:x10}.{(IsVolume ? 'v' : 'f')}.{(Origin is { } o ? string.Create(CultureInfo.InvariantCulture, $"{o.Dataset:x10}-{o.Number:x6}") : "-")}.{Leaf}");

    /// <summary>Null: not the name of one.</summary>
    public static LiveName? Parse(string text)
    {
        string[] parts = text.Split('.', 5);
        (ulong, uint)? origin = null;
        if (parts.Length != 5 || !TryHex(parts[0], out ulong id) || !TryHex(parts[1], out ulong parent) || parts[2] is not ("f" or "v"))
        {
            return null;
        }
        if (parts[3] != "-")
        {
            if (parts[3].Split('-') is not [var dataset, var number] || !TryHex(dataset, out ulong d) || !TryHex(number, out ulong n))
            {
                return null;
            }
            origin = (d, (uint)n);
        }
        return new LiveName(id, parent, parts[2] == "v", origin, parts[4]);
    }

    internal static bool TryHex(string text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}

/// <summary>The name of a snapshot's subvolume: NUMBER.NAME. The number grows with each snapshot of a dataset.</summary>
internal sealed record SnapName(uint Number, string Name)
{
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Number:x6}.{Name}");

    public static SnapName? Parse(string text)
    {
        string[] parts = text.Split('.', 2);
        return parts.Length == 2 && LiveName.TryHex(parts[0], out ulong number) ? new SnapName((uint)number, parts[1]) : null;
    }
}
