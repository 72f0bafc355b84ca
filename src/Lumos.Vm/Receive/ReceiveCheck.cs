using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Vm.Send;
using Lumos.Zones.Config;

namespace Lumos.Vm.Receive;

/// <summary>Looks at a header beside this machine: all that stands against the VM is told before data flow.</summary>
public sealed class ReceiveCheck(VmHost host)
{
    /// <summary>The VM as it would be here.</summary>
    /// <param name="header">What is to come.</param>
    /// <param name="before">The configuration of the same VM when it is being received already.</param>
    /// <exception cref="LumosException">VmExists, InvalidPayload and others: what stands against it.</exception>
    public VmSpec Run(StreamHeader header, ZoneConfig? before)
    {
        string uuid = header.Uuid.ToString();
        if (before is null && host.Loader.Entry(uuid) is not null)
        {
            throw new LumosException("VmExists",
                $"VM {uuid} exists on this machine already: \"vmadm delete {uuid}\" makes room for the one that is sent");
        }
        if (!BrandTable.TryParse(header.Spec.Brand, out _))
        {
            throw new LumosException("InvalidBrand", $"VM {uuid} is of brand \"{header.Spec.Brand}\", which this machine does not know");
        }
        if (header.StreamKind != host.Datasets.StreamKind)
        {
            throw new LumosException("StreamKindDiffers",
                $"VM {uuid} comes from {header.StreamKind}, and datasets here are on {host.Datasets.StreamKind}: neither takes streams of the other");
        }
        var vm = header.Spec.With("zonepath", $"{host.MountRoot}/{header.Spec.Zpool}/{uuid}");
        var report = new PayloadReport();
        // The image is asked for where the streams need it, and by its identity.
        SpecValidator.Run(WithoutImages(vm), null, Without(new HostObserver(host).ObservePlace(vm), vm, before), report);
        report.ThrowIfFaulty();
        if (header.ImageGuid is not null)
        {
            ImageSnapshot(header);
        }
        _ = DiskImages(header);
        CheckRoom(header, vm);
        return vm;
    }

    /// <summary>The snapshot here that the first stream is based on.</summary>
    /// <exception cref="LumosException">ImageMissing, ImageDiffers.</exception>
    public SnapshotName ImageSnapshot(StreamHeader header)
    {
        string image = header.Spec.ImageUuid ?? "";
        var found = Uuid.TryParse(image, out var id) ? host.Neighbours.Image(header.Spec.Zpool, id) : null;
        if (found is null)
        {
            throw new LumosException("ImageMissing", $"VM {header.Uuid} is a clone of image {image}, which is not on pool {header.Spec.Zpool}: "
                + $"\"imgadm import {image}\" fetches it, and \"vmadm send --full\" sends a VM that does not need it");
        }
        var snapshot = SnapshotName.Parse(found.Snapshot);
        return GuidOf(snapshot) == header.ImageGuid ? snapshot : throw Differs(header, snapshot);
    }

    /// <summary>The snapshots here that streams of disks are based on, by their identity.</summary>
    /// <exception cref="LumosException">ImageMissing, ImageDiffers.</exception>
    public IReadOnlyDictionary<string, SnapshotName> DiskImages(StreamHeader header)
    {
        var found = new Dictionary<string, SnapshotName>(StringComparer.Ordinal);
        var sent = header.Datasets.SelectMany(dataset => dataset.Snapshots).Select(snapshot => snapshot.Guid).ToHashSet();
        foreach (var item in header.Items.Where(item => item is { Basis: StreamBasis.Origin, Path.Length: > 0 } && !sent.Contains(item.From!) && !found.ContainsKey(item.From!)))
        {
            var disk = header.Spec.Disks.FirstOrDefault(disk => DiskRules.OwnDataset(disk, header.Spec) == $"{header.Spec.RootDataset}/{item.Path}");
            string image = JsonText.Plain(disk?["image_uuid"]);
            if (!Uuid.TryParse(image, out var id) || host.Neighbours.Image(header.Spec.Zpool, id) is not { } facts)
            {
                throw new LumosException("ImageMissing", $"{item.Path} of VM {header.Uuid} is a clone of image {image}, which is not on pool {header.Spec.Zpool}: "
                    + $"\"imgadm import {image}\" fetches it, and \"vmadm send --full\" sends a VM that does not need it");
            }
            var snapshot = SnapshotName.Parse(facts.Snapshot);
            found[item.From!] = GuidOf(snapshot) == item.From ? snapshot : throw Differs(header, snapshot);
        }
        return found;
    }

    private string? GuidOf(SnapshotName snapshot) =>
        host.Datasets.List(snapshot.Dataset, DatasetKinds.Snapshot, 1, ["guid"]).FirstOrDefault(e => e.Snapshot == snapshot)?["guid"];

    private static LumosException Differs(StreamHeader header, SnapshotName snapshot) => new("ImageDiffers",
        $"VM {header.Uuid} is a clone of {snapshot.Dataset}, and what is here under that name is another one: \"vmadm send --full\" sends a VM that does not need it");

    private static VmSpec WithoutImages(VmSpec vm)
    {
        var disks = new System.Text.Json.Nodes.JsonArray();
        foreach (var one in vm.Disks)
        {
            var disk = (System.Text.Json.Nodes.JsonObject)one.DeepClone();
            disk.Remove("image_uuid");
            disks.Add((System.Text.Json.Nodes.JsonNode)disk);
        }
        vm = vm.With("image_uuid", null);
        return vm.IsMachine ? vm.With("disks", disks) : vm;
    }

    /// <summary>The machine without the VM itself, when part of it is here.</summary>
    private static HostFacts Without(HostFacts facts, VmSpec vm, ZoneConfig? before) => before is null ? facts : facts with
    {
        Vms = [.. facts.Vms.Where(v => JsonText.Plain(v["uuid"]) != vm.Text("uuid"))],
        RootDatasetExists = false,
    };

    private void CheckRoom(StreamHeader header, VmSpec vm)
    {
        long? free = host.Datasets.List(DatasetName.Parse(vm.Zpool), DatasetKinds.Live, 0, ["available"])[0].Number("available");
        if (header.Bytes > free)
        {
            throw new LumosException("NoSpace", $"VM {header.Uuid} takes about {new ByteCount(header.Bytes)}, and pool {vm.Zpool} has {new ByteCount(free.Value)} left");
        }
    }
}
