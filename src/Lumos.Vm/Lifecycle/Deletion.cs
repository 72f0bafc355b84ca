using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Archive;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Administration;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// What comes before a VM's removal, while it still is as it was: what forbids it, and what is kept of it. From its first
/// step on a removal is finished, so all that can refuse it has to be asked before. The caller holds the VM's lock.
/// </summary>
public sealed class Deletion(VmHost host)
{
    /// <param name="uuid">Of the VM.</param>
    /// <param name="lives">It lives on elsewhere.</param>
    /// <exception cref="LumosException">Indestructible, SnapshotHasClones, SnapshotHeld, ArchiveFailed: nothing has changed.</exception>
    public void Prepare(string uuid, bool lives)
    {
        var entry = host.Loader.Entry(uuid) ?? throw VmHost.NotFound(uuid);
        if (entry.State is ZoneState.Configured or ZoneState.Incomplete || host.Zones.TryLoad(entry.Name) is not { } config)
        {
            return; // half of one: being made, received or removed
        }
        if (!lives)
        {
            ZoneProtection.RequireDestructible(config, uuid, "delete");
        }
        if (ZoneDatasets.Of(config, host.MountRoot) is not { } dataset || Snapshots(dataset) is not { } snapshots)
        {
            return;
        }
        RequireFree(dataset, snapshots);
        foreach (var disk in Disks.DisksElsewhere.Of(config))
        {
            RequireFree(disk, Snapshots(disk) ?? []);
        }
        if (!lives && config.Attr(ArchiveAttr) is "true" or "1")
        {
            string place = new VmArchive(host).Save(host.Load(uuid), config);
            host.Say($"what is left of VM {uuid} is archived in {place}");
        }
    }

    private const string ArchiveAttr = "archive-on-delete";

    /// <summary>Null: there is no such dataset.</summary>
    private IReadOnlyList<DatasetEntry>? Snapshots(DatasetName dataset)
    {
        try
        {
            return host.Datasets.List(dataset, DatasetKinds.Snapshot, null, ["clones", "userrefs"]);
        }
        catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
        {
            return null;
        }
    }

    internal static void RequireFree(DatasetName dataset, IReadOnlyList<DatasetEntry> snapshots)
    {
        foreach (var snapshot in snapshots)
        {
            string[] clones = [.. (snapshot["clones"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Where(clone => !DatasetName.TryParse(clone, out var name) || !name.IsWithin(dataset))];
            if (clones.Length > 0)
            {
                throw new LumosException("SnapshotHasClones", $"{snapshot.Snapshot} has clones, which cannot be without it: {string.Join(", ", clones)}; "
                    + "destroy them first");
            }
            if (snapshot.Number("userrefs") > 0)
            {
                throw new LumosException("SnapshotHeld", $"{snapshot.Snapshot} is held: \"zfs holds {snapshot.Snapshot}\" tells by which tags, "
                    + "\"zfs release\" lets go");
            }
        }
    }
}
