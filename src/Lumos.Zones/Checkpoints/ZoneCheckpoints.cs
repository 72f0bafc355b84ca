using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;

namespace Lumos.Zones.Checkpoints;

// Purpose. /checkpoints in a zone that is up: a folder for each snapshot that create-snapshot took of it, with what the zone's root held
// then, read-only.
//
// In the kernel. A folder of ours in the zone's run folder is a mount of its own whose mounts spread ("shared"). Before the zone's init
// runs, a copy that takes them over ("slave") is put at /checkpoints among the zone's mounts, by us: not every runtime leaves a
// mount such ties. What comes that way has what it forbids locked, since the zone's namespaces are less privileged: its
// root can take one off, for itself and until the next boot, and make none writable. Each snapshot's root is mounted there with the zone's view of ids, in the global zone and so in the zone.
// The rest of a snapshot (the VM's configuration and metadata, logs) is not in what is mounted.
//
// Bound. At most MostShown, the newest: each is a mount and a file system that the kernel holds open, and a machine may have a
// hundred times as many snapshots as zones. Beyond that, vmadm rollback-snapshot and zfs clone reach all.
//
// States. What should be there follows from the storage, what is there from the kernel; Bring makes the second like the first, and may be
// asked at any time. So a killed vmadm leaves at worst a snapshot that is shown a little later: when the zone boots, or at the next
// create- or delete-snapshot. Clear takes all of it away with the run folder, in whatever state.
//
// Failure. A snapshot that cannot be shown keeps nobody from anything: it is told, and it is still a snapshot. (decision 0018)

/// <summary>Shows a zone its own snapshots. Whoever calls holds the VM's lock, or is the only one to boot the zone.</summary>
public sealed class ZoneCheckpoints(ZoneLayout layout, IDatasets datasets, Action<string> warn)
{
    /// <summary>How many of a zone are shown: the newest.</summary>
    public const int MostShown = 32;

    /// <summary>Where a zone sees them.</summary>
    internal const string InZone = "/checkpoints";

    /// <summary>Makes the folder of a zone that is being brought up, from where mounts spread.</summary>
    internal static void MakeFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        Mount.Bind(folder, folder);
        Mount.At(null, folder, null, MountFlags.Shared);
    }

    /// <summary>Puts the folder into a zone whose init does not run yet: before it can have changed what /checkpoints is.</summary>
    /// <exception cref="ErrnoException">It is no directory there.</exception>
    internal static void PutIn(string folder, int init)
    {
        using var tree = Mount.CloneTree(folder);
        Mount.SetAttributes(tree, MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoDev | MountAttributes.NoExec);
        Mount.MakeSlave(tree);
        Namespace.RunInMounts(init, () =>
        {
            using var place = StraightPath.Open(InZone);
            Mount.Attach(tree, place);
        });
    }

    /// <summary>Brings what is shown to what there is; nothing for a zone that is not up.</summary>
    public void Bring(ZoneName zone, DatasetName root)
    {
        string folder = layout.CheckpointsFolder(zone);
        try
        {
            if (!Directory.Exists(folder) || !File.Exists(layout.UserNamespaceFile(zone)))
            {
                return;
            }
            var wanted = datasets.List(root, DatasetKinds.Snapshot, 1)
                .Select(e => SnapshotLabel.TryOf(e.Snapshot!, out var label) ? label : null).OfType<SnapshotLabel>().Where(CanBeShown).TakeLast(MostShown).ToList();
            foreach (string gone in Directory.GetDirectories(folder).Where(path => wanted.TrueForAll(label => label.Text != Path.GetFileName(path))))
            {
                Hide(gone);
            }
            var shown = MountTable.Read().Select(m => m.Target).Where(target => target.StartsWith(folder + "/", StringComparison.Ordinal)).ToHashSet();
            Show(zone, wanted.Where(label => !shown.Contains(Path.Combine(folder, label.Text))).ToDictionary(label => label.Of(root), label => Path.Combine(folder, label.Text)));
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            warn($"/checkpoints of zone '{zone}' does not show all of its snapshots: {LumosException.Describe(e)}");
        }
    }

    /// <summary>Takes one out of sight, so that it can be destroyed.</summary>
    /// <exception cref="ErrnoException">It cannot be unmounted.</exception>
    public void Hide(ZoneName zone, SnapshotLabel label)
    {
        string place = Path.Combine(layout.CheckpointsFolder(zone), label.Text);
        if (CanBeShown(label) && Directory.Exists(place))
        {
            Hide(place);
        }
    }

    // Names of every folder.
    private static bool CanBeShown(SnapshotLabel label) => label.Text is not ("." or "..");

    private void Show(ZoneName zone, IReadOnlyDictionary<SnapshotName, string> places)
    {
        if (places.Count == 0)
        {
            return;
        }
        var trees = new List<(FileDescriptor Tree, string Place)>();
        try
        {
            datasets.LookInto([.. places.Keys], (snapshot, seen) => trees.Add((ZoneFolder.CloneRoot(seen), places[snapshot])));
        }
        finally
        {
            // One that cannot be shown keeps none of the others from it.
            using var ids = FileDescriptorIo.Open(layout.UserNamespaceFile(zone), OpenFlags.ReadOnly);
            foreach (var (tree, place) in trees)
            {
                using (tree)
                {
                    Mount.SetAttributes(tree, MountAttributes.ReadOnly | MountAttributes.NoDev, ids);
                    Directory.CreateDirectory(place);
                    Mount.Attach(tree, place);
                }
            }
        }
    }

    // Lazily: a process of the zone that looks at it keeps it, but nobody finds it any more.
    private static void Hide(string place)
    {
        _ = Mount.TryDetach(place, lazily: true);
        Directory.Delete(place);
    }
}
