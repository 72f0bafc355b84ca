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
        header.Spec.RefuseMachine("receive");
        if (header.StreamKind != host.Datasets.StreamKind)
        {
            throw new LumosException("StreamKindDiffers",
                $"VM {uuid} comes from {header.StreamKind}, and datasets here are on {host.Datasets.StreamKind}: neither takes streams of the other");
        }
        var vm = header.Spec.With("zonepath", $"{host.MountRoot}/{header.Spec.Zpool}/{uuid}");
        var report = new PayloadReport();
        // The image is asked for where the streams need it, and by its identity.
        SpecValidator.Run(vm.With("image_uuid", null), null, Without(new HostObserver(host).ObservePlace(vm), vm, before), report);
        report.ThrowIfFaulty();
        if (header.ImageGuid is not null)
        {
            ImageSnapshot(header);
        }
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
        string? guid = host.Datasets.List(snapshot.Dataset, DatasetKinds.Snapshot, 1, ["guid"]).FirstOrDefault(e => e.Snapshot == snapshot)?["guid"];
        return guid == header.ImageGuid ? snapshot : throw new LumosException("ImageDiffers",
            $"VM {header.Uuid} is a clone of {snapshot.Dataset}, and what is here under that name is another one: \"vmadm send --full\" sends a VM that does not need it");
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
