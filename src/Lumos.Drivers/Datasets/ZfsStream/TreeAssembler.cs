using System.Globalization;
using System.Text;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Gives what is staged its names. Directories are made flat among the staged, "dNUMBER" each, filled one after the other
/// beginning with the root's, and hung into their parents at the end in the opposite order, so that nothing depends on how
/// deep they lie and a directory's own times are set when nothing below it changes any more. Each directory is met once:
/// a second entry for it is a loop or a hard link, and refused.
/// </summary>
internal sealed class TreeAssembler(
    Staging staging, HeldDirectory target, SystemAttributes? attributes, ZfsStreamLimits limits, NotCarriedList notCarried,
    Func<string, DatasetException> invalid)
{
    private readonly List<Place> _directories = [];
    private readonly EntryMaker _maker = new(staging, limits, notCarried, invalid);
    private long _entries;

    public long Files => _maker.Files;

    public long Bytes => _maker.Bytes;

    public long Directories => _directories.Count;

    /// <param name="root">The object that is the root directory.</param>
    /// <param name="cancellation">Looked at between entries.</param>
    public void Assemble(ulong root, CancellationToken cancellation)
    {
        var top = staging.Find(root) is { Type: ObjectTypes.DirectoryContents } found ? found : throw invalid("holds no root directory");
        var znode = ReadZnode(top, () => "/");
        if (znode.Kind != FileKind.Directory)
        {
            throw invalid("has a root that is no directory");
        }
        Claim(top, new Place(top, znode.FullMode, -1, [], 0));
        for (int i = 0; i < _directories.Count; i++)
        {
            Fill(i, cancellation);
        }
        for (int i = _directories.Count - 1; i > 0; i--)
        {
            cancellation.ThrowIfCancellationRequested();
            Hang(i);
        }
    }

    /// <summary>The root's own owner, mode and times, when the staging directory is gone from it.</summary>
    public void FinishRoot() => FinishDirectory(target, 0);

    private void Fill(int index, CancellationToken cancellation)
    {
        var place = _directories[index];
        using var opened = index == 0 ? null : staging.Directory.OpenDirectory(StagingName(place.Object));
        var directory = opened ?? target;
        foreach (var entry in ZapTable.Read(staging.Blocks(place.Object), place.Object.BlockSize, Damaged(() => PathOf(index))))
        {
            cancellation.ThrowIfCancellationRequested();
            string Path() => PathOf(index, entry.Name);
            if (++_entries > limits.MostEntries)
            {
                throw invalid($"has more than {limits.MostEntries} entries; the first too many is {Path()}");
            }
            if (!HeldDirectory.IsName(entry.Name))
            {
                throw invalid($"has an entry in {PathOf(index)} with the impossible name \"{SendStreamReader.Shown(entry.Name)}\"");
            }
            var child = entry.Values.Length == 1 ? staging.Find(entry.Values[0] & ((1UL << 48) - 1)) : null;
            if (child is null)
            {
                throw invalid($"does not hold what {Path()} stands for");
            }
            var znode = ReadZnode(child, Path);
            if (znode.Kind == FileKind.Directory)
            {
                AddDirectory(index, entry.Name, child, znode, Path);
            }
            else
            {
                _maker.Place(child, znode, () => AttributesOf(znode, Path), directory, entry.Name, Path);
            }
        }
    }

    private void AddDirectory(int parent, byte[] name, StagedObject child, Znode znode, Func<string> path)
    {
        if (child.Type != ObjectTypes.DirectoryContents)
        {
            throw invalid($"says that {path()} is a directory, and it has none's content");
        }
        if (child.Placed)
        {
            throw invalid($"has the directory {path()} a second time: a loop, or one with two names");
        }
        int depth = _directories[parent].Depth + 1;
        if (depth > limits.MostDepth)
        {
            throw invalid($"has a directory deeper than {limits.MostDepth} levels: {path()}");
        }
        staging.Directory.MakeDirectory(StagingName(child), 0x1c0);
        Claim(child, new Place(child, znode.FullMode, parent, name, depth));
    }

    private void Claim(StagedObject child, Place place)
    {
        child.Placed = true;
        _directories.Add(place);
    }

    private void Hang(int index)
    {
        var place = _directories[index];
        byte[] staged = StagingName(place.Object);
        using var parent = place.Parent == 0 ? null : staging.Directory.OpenDirectory(StagingName(_directories[place.Parent].Object));
        using var directory = staging.Directory.OpenDirectory(staged);
        try
        {
            staging.Directory.Move(staged, parent ?? target, place.Name);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
        {
            throw invalid($"has two entries with the name {PathOf(index)}");
        }
        FinishDirectory(directory, index);
    }

    private void FinishDirectory(HeldDirectory directory, int index)
    {
        string Path() => PathOf(index);
        var znode = ReadZnode(_directories[index].Object, Path);
        _maker.FinishOpen(directory.Handle, znode, AttributesOf(znode, Path), Path);
    }

    private Znode ReadZnode(StagedObject of, Func<string> path)
    {
        var damaged = Damaged(path);
        byte[] bonus = staging.Read(of.Bonus);
        return of.BonusType switch
        {
            ObjectTypes.Znode => Znode.ReadOld(bonus) ?? throw damaged("its attributes are too short"),
            ObjectTypes.SystemAttributes when attributes is not null => attributes.Read(bonus, staging.Read(of.Spill), damaged),
            _ => throw damaged("it has no attributes"),
        };
    }

    /// <summary>Extended attributes from both places where ZFS keeps them.</summary>
    private List<(byte[] Name, byte[] Value)> AttributesOf(Znode znode, Func<string> path)
    {
        var all = new List<(byte[], byte[])>();
        if (znode.PackedAttributes is { } packed)
        {
            all.AddRange(PackedAttributes.Read(packed) ?? throw Damaged(path)("its extended attributes are damaged"));
        }
        if (znode.AttributeDirectory == 0)
        {
            return all;
        }
        if (staging.Find(znode.AttributeDirectory) is not { Type: ObjectTypes.DirectoryContents } directory)
        {
            throw invalid($"does not hold the extended attributes of {path()}");
        }
        if (directory.Placed)
        {
            throw invalid($"gives the extended attributes of {path()} to others too"); // each reader would copy them
        }
        directory.Placed = true;
        foreach (var entry in ZapTable.Read(staging.Blocks(directory), directory.BlockSize, Damaged(path)))
        {
            string name = SendStreamReader.Shown(entry.Name);
            if (++_entries > limits.MostEntries)
            {
                throw invalid($"has more than {limits.MostEntries} entries; the first too many is the attribute {name} of {path()}");
            }
            var child = entry.Values.Length == 1 ? staging.Find(entry.Values[0] & ((1UL << 48) - 1)) : null;
            if (child is null || child.Placed || ReadZnode(child, path) is not { Kind: FileKind.Regular } value)
            {
                throw invalid($"does not hold the extended attribute {name} of {path()}");
            }
            if (name is "SUNWattr_ro" or "SUNWattr_rw")
            {
                notCarried.Add("system attributes of illumos", path);
            }
            else if (value.Size > EntryMaker.LongestAttribute)
            {
                notCarried.Add("extended attributes longer than 64 KiB", path);
            }
            else
            {
                all.Add((entry.Name, staging.ReadContent(child, (int)value.Size)));
            }
        }
        return all;
    }

    private Func<string, DatasetException> Damaged(Func<string> path) => why => invalid($"is damaged at {path()}: {why}");

    private string PathOf(int directory, byte[]? name = null)
    {
        var names = new List<string>();
        for (int at = directory; at > 0; at = _directories[at].Parent)
        {
            names.Add(SendStreamReader.Shown(_directories[at].Name));
        }
        names.Reverse();
        if (name is not null)
        {
            names.Add(SendStreamReader.Shown(name));
        }
        return "/" + string.Join('/', names);
    }

    private static byte[] StagingName(StagedObject directory) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"d{directory.Number}"));

    /// <summary>A directory and where it hangs: the index of its parent and its name there.</summary>
    private sealed record Place(StagedObject Object, uint FullMode, int Parent, byte[] Name, int Depth);
}
