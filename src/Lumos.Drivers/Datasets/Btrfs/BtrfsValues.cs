using System.Globalization;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// The values of properties, for one call: everything is looked up when first asked for and kept until the call ends, so a
/// listing pays for what it asks and no more. Sizes: used is what a dataset's quota group holds, with all below it (one look
/// for all datasets); referenced, usedbydataset, usedbysnapshots and a snapshot's own used are added up from the extents
/// of the subvolumes concerned, a walk over their files.
/// </summary>
internal sealed class BtrfsValues(BtrfsLayout layout, BtrfsTree tree)
{
    private readonly Dictionary<ulong, BtrfsRecord> _records = [];
    private readonly Dictionary<string, Dictionary<ulong, DataExtent>> _extents = [];
    private readonly Dictionary<string, SubvolumeInfo> _infos = [];
    private Dictionary<ulong, long>? _usage;
    private IReadOnlyDictionary<string, byte[]>? _raw;

    /// <summary>Reads the records of many at once, for a call that wants so many; one that came since is read by itself.</summary>
    public void Expect(int datasets)
    {
        // A dataset without snapshots has some ten keys there; from about thirty on, one look costs what looks at each do.
        const int many = 50, keysOfOne = 20;
        if (datasets >= many)
        {
            _raw = BtrfsRecord.LoadAll(layout.Records, (long)datasets * keysOfOne);
        }
    }

    /// <summary>Properties for which no dataset's record is looked at.</summary>
    public static readonly string[] FromTheTree = ["name", "type", "origin", "compressratio", "usedbyrefreservation", "clones", "used", "usedbychildren", "createtxg"];

    public BtrfsRecord Record(BtrfsNode node)
    {
        if (!_records.TryGetValue(node.Id, out var record))
        {
            string file = layout.RecordOf(node.Id);
            record = _raw?.GetValueOrDefault(Path.GetFileName(file)) is { } bytes ? BtrfsRecord.Parse(file, bytes) : BtrfsRecord.Load(file);
            _records.Add(node.Id, record);
        }
        return record;
    }

    public string? Of(BtrfsNode node, string property)
    {
        bool isFs = !node.Live.IsVolume;
        switch (property)
        {
            case "name":
                return node.Name.Value;
            case "type":
                return isFs ? "filesystem" : "volume";
            case "creation":
                return Text(Record(node).Created);
            case "guid":
                return Record(node).Guid.ToString(CultureInfo.InvariantCulture);
            case "createtxg":
                return Info(layout.Of(node.Live)).CreatedIn.ToString(CultureInfo.InvariantCulture);
            case "origin":
                return tree.OriginOf(node)?.ToString();
            case "mounted":
                return isFs ? IsMounted(node) ? "yes" : "no" : null;
            case "used":
                return Text(Used(node));
            case "usedbychildren":
                return Text(node.Children.Sum(Used));
            case "usedbyrefreservation":
                return "0";
            case "available":
                return Text(Available(node));
            case "referenced":
                return Text(Extents(layout.Of(node.Live)).Values.Sum(e => e.Bytes));
            case "usedbydataset":
                return Text(Except(Extents(layout.Of(node.Live)), OriginExtents(node)));
            case "usedbysnapshots":
                return Text(OfSnapshots(node));
            case "compressratio":
                return "1.00";
            case "volblocksize":
                return isFs ? null : BtrfsProperties.VolumeBlockSize;
            case "clones":
                return null;
            case "mountpoint":
                return isFs ? Mountpoint(node) : null;
            default:
                return Inherited(node, property).Value;
        }
    }

    public string? Of(BtrfsNode node, SnapName snap, string property)
    {
        string path = layout.Of(node.Id, snap);
        switch (property)
        {
            case "name":
                return node.Name.At(snap.Name).ToString();
            case "type":
                return "snapshot";
            case "clones":
                return string.Join(',', tree.ClonesOf(node, snap).Select(c => c.Name.Value)) is { Length: > 0 } names ? names : null;
            case "guid":
                return Guid(node, snap).ToString(CultureInfo.InvariantCulture);
            case "creation":
                return Text(Info(path).Created.ToUnixTimeSeconds());
            case "createtxg":
                return Info(path).CreatedIn.ToString(CultureInfo.InvariantCulture);
            case "referenced":
                return Text(Extents(path).Values.Sum(e => e.Bytes));
            case "used":
                var all = tree.SnapshotsOf(node);
                int at = all.ToList().IndexOf(snap);
                var before = at > 0 ? Extents(layout.Of(node.Id, all[at - 1])) : OriginExtents(node);
                var after = Extents(at + 1 < all.Count ? layout.Of(node.Id, all[at + 1]) : layout.Of(node.Live));
                return Text(Extents(path).Where(e => !before.ContainsKey(e.Key) && !after.ContainsKey(e.Key)).Sum(e => e.Value.Bytes));
            case "written":
                // What came after the snapshot before; the first one's is counted against what the dataset began with.
                var line = tree.SnapshotsOf(node).ToList();
                int place = line.IndexOf(snap);
                return Text(place > 0
                    ? TreeSearch.Extents(path, Info(layout.Of(node.Id, line[place - 1])).CreatedIn).Values.Sum(e => e.Bytes)
                    : Except(Extents(path), OriginExtents(node)));
            case "volsize":
                return node.Live.IsVolume ? Text(new FileInfo(BtrfsLayout.VolumeFile(path)).Length) : null;
            case "compressratio":
                return "1.00";
            default:
                return BtrfsProperties.IsUser(property) ? Inherited(node, property).Value : null;
        }
    }

    /// <summary>The identity of a snapshot: the one its stream brought, else the one its subvolume was born with.</summary>
    public ulong Guid(BtrfsNode node, SnapName snap) =>
        Record(node).SnapshotGuids.TryGetValue(snap.Number, out ulong guid) ? guid : GuidOf(Info(layout.Of(node.Id, snap)));

    public static ulong GuidOf(SubvolumeInfo info) => BitConverter.ToUInt64(info.Uuid.ToByteArray(bigEndian: true)) & long.MaxValue;

    /// <summary>A property's value and the dataset it was set on; null: nobody set it.</summary>
    public (string? Value, BtrfsNode? From) Inherited(BtrfsNode node, string property)
    {
        var row = BtrfsProperties.Table.GetValueOrDefault(property);
        if (row is not null && !row.Kinds.HasFlag(node.Kind))
        {
            return (null, null);
        }
        bool inherits = BtrfsProperties.Inherits(property);
        foreach (var at in node.Line())
        {
            if (Record(at).Set.TryGetValue(property, out string? value))
            {
                return (value, at);
            }
            if (!inherits)
            {
                break;
            }
        }
        return (row?.Default, null);
    }

    /// <summary>Where a file system is to be mounted: the nearest mountpoint set, and below it the path of names.</summary>
    public string Mountpoint(BtrfsNode node)
    {
        var (value, from) = Inherited(node, "mountpoint");
        return value is null ? "/" + node.Name.Value
            : from == node || !value.StartsWith('/') ? value
            : value.TrimEnd('/') + node.Name.Value[from!.Name.Value.Length..];
    }

    public bool IsMounted(BtrfsNode node) => BtrfsMounts.IsMounted(layout.Of(node.Live), Mountpoint(node));

    public MountAttributes Attributes(BtrfsNode node) =>
        (Is(node, "readonly", "on") ? MountAttributes.ReadOnly : 0) | (Is(node, "devices", "off") ? MountAttributes.NoDev : 0)
        | (Is(node, "exec", "off") ? MountAttributes.NoExec : 0) | (Is(node, "setuid", "off") ? MountAttributes.NoSuid : 0)
        | (Is(node, "atime", "off") ? MountAttributes.NoAccessTime : 0);

    public long Number(BtrfsNode node, string property) =>
        long.TryParse(Inherited(node, property).Value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    /// <summary>Without quota groups (a kernel before 6.7, a file system of somebody else's): what the trees hold, added up.</summary>
    private long Used(BtrfsNode node)
    {
        _usage ??= TreeSearch.GroupUsage(layout.Live);
        return _usage.Count > 0
            ? _usage.GetValueOrDefault(BtrfsQuotas.GroupOf(node))
            : Except(Extents(layout.Of(node.Live)), OriginExtents(node)) + OfSnapshots(node) + node.Children.Sum(Used);
    }

    private long Available(BtrfsNode node)
    {
        long least = FileSystemUsage.Of(layout.Live).Available;
        foreach (var at in node.Line())
        {
            if (Number(at, "quota") is > 0 and var quota)
            {
                least = Math.Min(least, Math.Max(0, quota - Used(at)));
            }
        }
        return Number(node, "refquota") is > 0 and var own
            ? Math.Min(least, Math.Max(0, own - Extents(layout.Of(node.Live)).Values.Sum(e => e.Bytes)))
            : least;
    }

    private long OfSnapshots(BtrfsNode node)
    {
        if (tree.SnapshotsOf(node).Count == 0)
        {
            return 0;
        }
        var live = Extents(layout.Of(node.Live));
        var origin = OriginExtents(node);
        var seen = new HashSet<ulong>();
        return tree.SnapshotsOf(node)
            .SelectMany(s => Extents(layout.Of(node.Id, s)))
            .Where(e => !live.ContainsKey(e.Key) && !origin.ContainsKey(e.Key) && seen.Add(e.Key))
            .Sum(e => e.Value.Bytes);
    }

    private Dictionary<ulong, DataExtent> OriginExtents(BtrfsNode node) =>
        node.Live.Origin is { } o && tree.SnapshotsOf(o.Dataset).FirstOrDefault(s => s.Number == o.Number) is { } snap
            ? Extents(layout.Of(o.Dataset, snap))
            : [];

    private static long Except(Dictionary<ulong, DataExtent> of, Dictionary<ulong, DataExtent> without) =>
        of.Where(e => !without.ContainsKey(e.Key)).Sum(e => e.Value.Bytes);

    private Dictionary<ulong, DataExtent> Extents(string subvolume)
    {
        if (!_extents.TryGetValue(subvolume, out var found))
        {
            found = TreeSearch.Extents(subvolume);
            _extents.Add(subvolume, found);
        }
        return found;
    }

    private SubvolumeInfo Info(string subvolume)
    {
        if (!_infos.TryGetValue(subvolume, out var info))
        {
            info = Subvolume.Info(subvolume);
            _infos.Add(subvolume, info);
        }
        return info;
    }

    private bool Is(BtrfsNode node, string property, string value) => Inherited(node, property).Value == value;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
