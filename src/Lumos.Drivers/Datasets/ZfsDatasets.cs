using System.Globalization;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;

namespace Lumos.Drivers.Datasets;

/// <summary>
/// Datasets by the <c>zfs</c> command: exit status and -H -p output only. The command ends with 1 for every failure, so
/// after one we look again to say which it was (not there, already there, clones); what cannot be told apart is
/// DatasetFailed with zfs's own words. Nothing is kept in memory: every question is asked of the kernel.
/// Tested by the same contract test as the in-memory datasets, wherever /dev/zfs exists.
/// </summary>
public sealed partial class ZfsDatasets(string zfs = "zfs") : IDatasets
{
    /// <summary>Where a snapshot is mounted while it is looked into, each look seeing its own.</summary>
    private const string LookingPlace = "/run/lumos/snapshot";

    private static readonly TimeSpan LookOfUdev = TimeSpan.FromSeconds(5);

    public IReadOnlyList<DatasetEntry> List(
        DatasetName? root, DatasetKinds kinds = DatasetKinds.Live, int? depth = null, IReadOnlyList<string>? properties = null)
    {
        if (TryList(root?.Value, kinds, depth, properties ?? [], out var entries, out var failure))
        {
            return entries;
        }
        throw root is not null && !Exists(root)
            ? DatasetException.NotFound(root.Value)
            : DatasetException.Failed(root?.Value ?? "all pools", "list", failure);
    }

    public bool Exists(DatasetName name)
    {
        if (TryList(name.Value, DatasetKinds.Live, 0, [], out _, out var failure))
        {
            return true;
        }
        // zfs says 1 both for "no such dataset" and for "cannot look": only a parent that can be listed and does not
        // hold the name proves that there is none. The pools are what a listing of no root at depth 0 gives.
        if (name.Parent is { } parent && !Exists(parent))
        {
            return false;
        }
        if (!TryList(name.Parent?.Value, DatasetKinds.Live, name.Parent is null ? 0 : 1, [], out var siblings, out failure))
        {
            throw DatasetException.Failed(name.Value, "look for", failure);
        }
        return siblings.Any(e => e.Dataset == name);
    }

    public bool Exists(SnapshotName name) =>
        Exists(name.Dataset) && List(name.Dataset, DatasetKinds.Snapshot, 1).Any(e => e.Snapshot == name);

    public IReadOnlyDictionary<string, string?> GetProperties(DatasetName name, params string[] properties) =>
        List(name, DatasetKinds.Live, 0, properties)[0].Properties;

    public void Create(DatasetName name, IReadOnlyDictionary<string, string>? properties = null, bool parents = false) =>
        Make(name, null, [zfs, "create", .. parents ? new[] { "-p" } : [], .. Options(properties), name.Value]);

    public void CreateVolume(
        DatasetName name, long bytes, IReadOnlyDictionary<string, string>? properties = null, bool sparse = false) =>
        Make(name, null,
        [
            zfs, "create", .. sparse ? new[] { "-s" } : [], .. Options(properties),
            "-V", bytes.ToString(CultureInfo.InvariantCulture), name.Value,
        ]);

    public void Clone(SnapshotName snapshot, DatasetName name, IReadOnlyDictionary<string, string>? properties = null) =>
        Make(name, snapshot, [zfs, "clone", .. Options(properties), snapshot.ToString(), name.Value]);

    public void Destroy(DatasetName name, bool recursive = false)
    {
        for (var end = DateTime.UtcNow + LookOfUdev; ; Thread.Sleep(50))
        {
            var result = Tool.Run([zfs, "destroy", .. recursive ? new[] { "-r" } : [], name.Value]);
            if (result.Succeeded)
            {
                return;
            }
            var all = List(name, DatasetKinds.All, null, ["clones"]);
            string[] clones = [.. all.SelectMany(ClonesOf).Where(c => !c.IsWithin(name)).Select(c => c.Value)];
            if (clones.Length > 0)
            {
                throw DatasetException.HasClones(name.Value, clones);
            }
            if (!recursive && all.Count > 1)
            {
                throw DatasetException.HasChildren(name.Value);
            }
            // udev looks into a volume that was written to or renamed, and for that moment it is in use.
            if (!all.Any(e => e.Kind == DatasetKinds.Volume) || DateTime.UtcNow > end)
            {
                throw DatasetException.Failed(name.Value, "destroy", new ToolException(result));
            }
        }
    }

    public void Snapshot(SnapshotName name, bool recursive = false)
    {
        var result = Tool.Run([zfs, "snapshot", .. recursive ? new[] { "-r" } : [], name.ToString()]);
        if (!result.Succeeded)
        {
            var taken = !Exists(name.Dataset) ? null
                : List(name.Dataset, DatasetKinds.Snapshot, recursive ? null : 1).FirstOrDefault(e => e.Snapshot!.Name == name.Name);
            throw taken is not null ? DatasetException.Exists(taken.Name) : Why(name.Dataset, "take a snapshot of", result);
        }
    }

    public void DestroySnapshot(SnapshotName name, bool recursive = false)
    {
        var result = Tool.Run([zfs, "destroy", .. recursive ? new[] { "-r" } : [], name.ToString()]);
        if (!result.Succeeded)
        {
            throw Clones(name) is { Count: > 0 } clones
                ? DatasetException.HasClones(name.ToString(), clones.Select(c => c.Value))
                : DatasetException.Failed(name.ToString(), "destroy", new ToolException(result));
        }
    }

    public void Rollback(SnapshotName name, bool destroyLater = false)
    {
        var result = Tool.Run([zfs, "rollback", .. destroyLater ? new[] { "-r" } : [], name.ToString()]);
        if (result.Succeeded)
        {
            return;
        }
        if (!Exists(name))
        {
            throw DatasetException.NotFound(name.ToString());
        }
        var later = List(name.Dataset, DatasetKinds.Snapshot, 1, ["clones"])
            .SkipWhile(e => e.Snapshot != name).Skip(1).ToList();
        string[] clones = [.. later.SelectMany(ClonesOf).Select(c => c.Value)];
        throw destroyLater && clones.Length > 0 ? DatasetException.HasClones(name.Dataset.Value, clones)
            : !destroyLater && later.Count > 0 ? DatasetException.HasChildren(name.ToString())
            : DatasetException.Failed(name.ToString(), "roll back to", new ToolException(result));
    }

    public void LookInto(IReadOnlyList<SnapshotName> names, Action<SnapshotName, string> look)
    {
        Directory.CreateDirectory(LookingPlace);
        // In a mount namespace of the looks' own: whatever ends us, no mount is left that keeps a snapshot in use. The way
        // through .zfs would leave one, and it leads through the first mount namespace, which need not be ours. The kernel copies
        // all mounts for it, so there is one for all, where each comes to lie over the one before.
        Namespace.RunInOwnMounts(() =>
        {
            foreach (var name in names)
            {
                try
                {
                    Lumos.Linux.Mounts.Mount.At(name.ToString(), LookingPlace, "zfs", MountFlags.ReadOnly | MountFlags.NoDev | MountFlags.NoSuid);
                }
                catch (ErrnoException e)
                {
                    throw Exists(name) ? DatasetException.Failed(name.ToString(), "look into", e) : DatasetException.NotFound(name.ToString());
                }
                look(name, LookingPlace);
            }
        });
    }

    public void Rename(DatasetName name, DatasetName newName)
    {
        var result = Tool.Run(zfs, "rename", name.Value, newName.Value);
        if (!result.Succeeded)
        {
            if (RenameOfZone(name, newName))
            {
                return;
            }
            throw Exists(name) && Exists(newName)
                ? DatasetException.Exists(newName.Value)
                : newName.Parent is { } parent && !Exists(parent) ? DatasetException.NotFound(parent.Value)
                : Why(name, "rename", result);
        }
    }

    // zfs itself does not rename what belongs to a zone. Where the other name is taken, or its parent is missing, that is the reason.
    private bool RenameOfZone(DatasetName name, DatasetName newName)
    {
        if (!Exists(name) || GetProperties(name, "zoned")["zoned"] != "on" || Exists(newName) || newName.Parent is not { } parent || !Exists(parent))
        {
            return false;
        }
        try
        {
            Lumos.Linux.Zfs.ZfsRename.Run(name.Value, newName.Value);
            return true;
        }
        catch (ErrnoException e)
        {
            throw DatasetException.Failed(name.Value, "rename", e);
        }
    }

    public void RenameSnapshot(SnapshotName name, string newName)
    {
        var target = name.Dataset.At(newName);
        var result = Tool.Run(zfs, "rename", name.ToString(), target.ToString());
        if (!result.Succeeded)
        {
            throw !Exists(name) ? DatasetException.NotFound(name.ToString())
                : Exists(target) ? DatasetException.Exists(target.ToString())
                : DatasetException.Failed(name.ToString(), "rename", new ToolException(result));
        }
    }

    public void SetProperties(DatasetName name, IReadOnlyDictionary<string, string> properties)
    {
        if (properties.Count > 0)
        {
            Do(name, "set properties of", [zfs, "set", .. properties.Select(p => $"{p.Key}={p.Value}"), name.Value]);
        }
    }

    public void Inherit(DatasetName name, string property) =>
        Do(name, $"inherit {property} of", [zfs, "inherit", property, name.Value]);

    public void Mount(DatasetName name)
    {
        if (GetProperties(name, "mounted")["mounted"] != "yes")
        {
            Do(name, "mount", [zfs, "mount", name.Value]);
        }
    }

    public void Unmount(DatasetName name, bool force = false)
    {
        foreach (var entry in List(name, DatasetKinds.FileSystem, null, ["mounted"]).Reverse().Where(e => e["mounted"] == "yes"))
        {
            Do(entry.Dataset, "unmount", [zfs, "unmount", .. force ? new[] { "-f" } : [], entry.Dataset.Value]);
        }
    }

    public IReadOnlyList<DatasetName> Clones(SnapshotName snapshot) =>
        List(snapshot.Dataset, DatasetKinds.Snapshot, 1, ["clones"]).FirstOrDefault(e => e.Snapshot == snapshot) is { } entry
            ? ClonesOf(entry)
            : throw DatasetException.NotFound(snapshot.ToString());

    public string? DelegationFault => Delegation.ZfsVersion.Fault();

    public string StreamKind => "zfs";

    public bool OriginsTravel => true;

    public bool EachIsAFileSystem => true;

    private static IEnumerable<string> Options(IReadOnlyDictionary<string, string>? properties) =>
        (properties ?? new Dictionary<string, string>()).SelectMany(p => new[] { "-o", $"{p.Key}={p.Value}" });

    private static IReadOnlyList<DatasetName> ClonesOf(DatasetEntry entry) =>
        [.. (entry["clones"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(DatasetName.Parse)];

    private void Make(DatasetName name, SnapshotName? of, string[] argv)
    {
        var result = Tool.Run(argv);
        if (!result.Succeeded)
        {
            throw Exists(name) ? DatasetException.Exists(name.Value)
                : of is not null && !Exists(of) ? DatasetException.NotFound(of.ToString())
                : name.Parent is { } parent && !Exists(parent) ? DatasetException.NotFound(parent.Value)
                : DatasetException.Failed(name.Value, "create", new ToolException(result));
        }
    }

    private void Do(DatasetName name, string what, string[] argv)
    {
        var result = Tool.Run(argv);
        if (!result.Succeeded)
        {
            throw Why(name, what, result);
        }
    }

    private DatasetException Why(DatasetName name, string what, ToolResult result) =>
        Exists(name) ? DatasetException.Failed(name.Value, what, new ToolException(result)) : DatasetException.NotFound(name.Value);

    private bool TryList(
        string? root, DatasetKinds kinds, int? depth, IReadOnlyList<string> properties,
        out IReadOnlyList<DatasetEntry> entries, out Exception failure)
    {
        List<string> argv = [zfs, "list", "-H", "-p", "-t", ZfsListing.Kinds(kinds), "-o", ZfsListing.Columns(properties)];
        argv.AddRange(depth is { } d ? ["-d", d.ToString(CultureInfo.InvariantCulture)] : ["-r"]);
        if (root is not null)
        {
            argv.Add(root);
        }
        entries = [];
        failure = new InvalidOperationException();
        try
        {
            var result = Tool.Run([.. argv]);
            if (!result.Succeeded)
            {
                failure = new ToolException(result);
                return false;
            }
            entries = ZfsListing.Parse(result.Output, properties);
            return true;
        }
        catch (ErrnoException e)
        {
            failure = e; // no zfs command at all
            return false;
        }
    }
}
