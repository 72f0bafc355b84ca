using System.Globalization;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>Names, properties and mounts of datasets that are there.</summary>
public sealed partial class BtrfsDatasets
{
    public void Rename(DatasetName name, DatasetName newName) => Change(name.Value, "rename", tree =>
    {
        var node = tree.Get(name);
        if (newName.IsWithin(name) && newName != name)
        {
            throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot rename {name} to {newName}, which lies within it");
        }
        var parent = RoomFor(tree, newName);
        var values = new BtrfsValues(_layout, tree);
        var after = node.Live with { Parent = parent.Id, Leaf = newName.Leaf };
        foreach (var volume in node.Tree().Where(n => n.Live.IsVolume))
        {
            _volumes.Hide(volume);
        }
        var unmounted = new List<BtrfsNode>();
        try
        {
            // A mount goes away only if its mountpoint comes from a name that changes.
            foreach (var below in node.Tree().Where(n => !n.Live.IsVolume && values.IsMounted(n) && !IsFixed(values, n, node)).Reverse())
            {
                Unmount(values, below, force: false, removeFolder: true);
                unmounted.Add(below);
            }
            Directory.Move(_layout.Of(node.Live), _layout.Of(after));
            DurableFile.SyncDirectory(_layout.Live);
        }
        finally
        {
            tree = BtrfsTree.Load(_layout, pool);
            values = new BtrfsValues(_layout, tree);
            MountEach(values, Enumerable.Reverse(unmounted).Select(n => tree.Find(n.Id)!));
            foreach (var volume in tree.Find(node.Id)!.Tree().Where(n => n.Live.IsVolume))
            {
                _volumes.Show(volume);
            }
        }
        if (node.Parent != parent)
        {
            _quotas.Mend(tree, values, tree.Find(node.Id)!);
        }
    });

    public void SetProperties(DatasetName name, IReadOnlyDictionary<string, string> properties)
    {
        if (properties.Count > 0)
        {
            Change(name.Value, "set properties of", tree =>
            {
                var node = tree.Get(name);
                var kept = properties.ToDictionary(
                    p => p.Key, p => BtrfsProperties.Check(name.Value, node.Kind, p.Key, p.Value, making: false, _note));
                Apply(tree, node, record =>
                {
                    foreach (var (key, value) in kept)
                    {
                        record.Set[key] = value;
                    }
                }, kept.Keys);
            });
        }
    }

    public void Inherit(DatasetName name, string property) => Change(name.Value, $"inherit {property} of", tree =>
    {
        var node = tree.Get(name);
        if (!BtrfsProperties.Inherits(property))
        {
            throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot inherit {property} of {name}: it is not a property that is inherited");
        }
        Apply(tree, node, record => record.Set.Remove(property), [property]);
    });

    public void Mount(DatasetName name) => Change(name.Value, "mount", tree =>
    {
        var node = tree.Get(name);
        var values = new BtrfsValues(_layout, tree);
        string why = node.Live.IsVolume ? "it is a volume"
            : values.Inherited(node, "canmount").Value == "off" ? "its canmount is off"
            : values.Mountpoint(node) is var place && !place.StartsWith('/') ? $"its mountpoint is {place}"
            : "";
        if (why.Length > 0)
        {
            throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot mount {name}: {why}");
        }
        MountEach(values, [node]);
    });

    public void Unmount(DatasetName name, bool force = false) =>
        Change(name.Value, "unmount", tree => UnmountAll(new BtrfsValues(_layout, tree), tree.Get(name), force));

    /// <summary>Changes a record and carries out what follows from it.</summary>
    private void Apply(BtrfsTree tree, BtrfsNode node, Action<BtrfsRecord> change, ICollection<string> changed)
    {
        string file = _layout.RecordOf(node.Id);
        var record = BtrfsRecord.Load(file);
        var before = new BtrfsValues(_layout, tree);
        bool moves = changed.Contains("mountpoint"), stops = changed.Contains("canmount");
        // Remembered before the change: who is mounted where, and who could not be for want of a place.
        var mounted = moves || stops ? node.Tree().Where(n => !n.Live.IsVolume && before.IsMounted(n)).ToList() : [];
        bool hadPlace = node.Live.IsVolume || before.Mountpoint(node).StartsWith('/');
        if (moves)
        {
            mounted = [.. mounted.Where(n => before.Inherited(n, "mountpoint").From is not { } from || from == node || !from.Name.IsWithin(node.Name))];
            foreach (var each in Enumerable.Reverse(mounted))
            {
                Unmount(before, each, force: false, removeFolder: true);
            }
        }
        change(record);
        record.Save(file, node.Name.Value);
        using (var fd = FileDescriptorIo.Open(file, OpenFlags.ReadWrite))
        {
            fd.Sync();
        }
        var after = new BtrfsValues(_layout, tree);
        if (moves)
        {
            bool appears = !hadPlace && after.Inherited(node, "canmount").Value == "on" && after.Mountpoint(node).StartsWith('/');
            MountEach(after, (appears ? mounted.Prepend(node) : mounted).Distinct().Where(n => after.Mountpoint(n).StartsWith('/')));
        }
        if (stops && after.Inherited(node, "canmount").Value == "off" && after.IsMounted(node))
        {
            Unmount(after, node, force: false);
        }
        if (changed.Contains("quota"))
        {
            if (!_quotas.On && after.Number(node, "quota") > 0)
            {
                NoQuotas("quota", node.Name);
            }
            _quotas.Limit(node, after.Number(node, "quota"));
        }
        if (changed.Contains("refquota"))
        {
            _quotas.LimitReferenced(_layout.Of(node.Live), after.Number(node, "refquota"));
        }
        if (changed.Contains("volsize"))
        {
            _volumes.Resize(node, long.Parse(record.Set["volsize"], CultureInfo.InvariantCulture));
        }
        if (changed.Contains("compression"))
        {
            foreach (var below in node.Tree().Where(n => !n.Live.IsVolume))
            {
                SetCompression(_layout.Of(below.Live), BtrfsProperties.Algorithm(after.Inherited(below, "compression").Value!));
            }
        }
        if (changed.Any(p => p is "readonly" or "devices" or "exec" or "setuid" or "atime"))
        {
            foreach (var below in node.Tree().Where(n => !n.Live.IsVolume && after.IsMounted(n)))
            {
                Lumos.Linux.Mounts.Mount.ReplaceAttributes(after.Mountpoint(below), after.Attributes(below));
            }
        }
    }

    /// <summary>Whether a dataset's mountpoint stays when <paramref name="renamed"/>, which it lies in, gets another name.</summary>
    private static bool IsFixed(BtrfsValues values, BtrfsNode node, BtrfsNode renamed) =>
        values.Inherited(node, "mountpoint").From is { } from && from.Name.IsWithin(renamed.Name);

    private void MountEach(BtrfsValues values, IEnumerable<BtrfsNode> nodes)
    {
        foreach (var node in nodes.ToList())
        {
            string mountpoint = values.Mountpoint(node);
            if (!BtrfsMounts.IsMounted(_layout.Of(node.Live), mountpoint))
            {
                BtrfsMounts.Attach(_layout.Of(node.Live), mountpoint, values.Attributes(node));
            }
        }
    }

    /// <summary>Unmounts a file system and those below it, deepest first; what was mounted, parents first.</summary>
    private List<BtrfsNode> UnmountAll(BtrfsValues values, BtrfsNode top, bool force, bool removeFolders = false)
    {
        var mounted = top.Tree().Where(n => !n.Live.IsVolume && values.IsMounted(n)).ToList();
        foreach (var node in Enumerable.Reverse(mounted))
        {
            Unmount(values, node, force, removeFolders);
        }
        return mounted;
    }

    private const int BusyAttempts = 10;

    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(20);

    private static void Unmount(BtrfsValues values, BtrfsNode node, bool force, bool removeFolder = false)
    {
        string mountpoint = values.Mountpoint(node);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Lumos.Linux.Mounts.Mount.Detach(mountpoint, lazily: force);
                break;
            }
            catch (ErrnoException e) when (e.Errno == Errno.EBUSY && attempt < BusyAttempts)
            {
                // A program that this one starts just now holds all our open files until its exec.
                Thread.Sleep(BusyPause);
            }
            catch (ErrnoException e)
            {
                throw DatasetException.Failed(node.Name.Value, "unmount", e);
            }
        }
        // A folder that only a mount made necessary goes with it; one that was chosen by name stays.
        if (removeFolder && values.Inherited(node, "mountpoint").From != node && Directory.Exists(mountpoint)
            && !Directory.EnumerateFileSystemEntries(mountpoint).Any())
        {
            Directory.Delete(mountpoint);
        }
    }
}
