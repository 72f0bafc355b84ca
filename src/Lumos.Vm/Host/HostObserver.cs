using System.Collections.Immutable;
using System.Net.NetworkInformation;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Vm.Info;
using Lumos.Vm.Payload;
using Lumos.Zones.Bundle;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Host;

/// <summary>Looks at the machine once, for one create or update.</summary>
public sealed class HostObserver(VmHost host)
{
    /// <summary>What is asked of every other VM; the whole of a thousand VMs would cost more than a create.</summary>
    private static readonly string[] s_asked = ["uuid", "zonename", "nics", "vnc_port"], s_askedOfMachines = [.. s_asked, "disks"];

    /// <summary>With a VM's image, the paths that it wants to see, and whether its dataset is there.</summary>
    public HostFacts Observe(VmSpec vm) => ObservePlace(vm) with
    {
        Sources = vm.Filesystems.Where(fs => JsonText.Plain(fs["type"]) == MountOptions.Lofs).Select(fs => JsonText.Plain(fs["source"]))
            .Distinct().ToImmutableDictionary(source => source, FaultOf, StringComparer.Ordinal),
    };

    /// <summary>With a VM's image, and whether its dataset is there.</summary>
    public HostFacts ObservePlace(VmSpec vm)
    {
        var facts = Observe(vm.Zpool, vm.ImageUuid, vm.IsMachine ? s_askedOfMachines : s_asked);
        if (vm.IsMachine)
        {
            var images = DiskImages(vm);
            facts = facts with
            {
                DiskImages = images,
                MachineFault = host.MachineFault,
                BusyPorts = vm.Integer("vnc_port") > 0 ? [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port)] : [],
                Firmwares = images.Values.Select(image => image.Bootrom).Append(vm.Text("bootrom")).OfType<string>().Distinct()
                    .ToImmutableDictionary(bootrom => bootrom, bootrom => MachineFirmware.Parse(bootrom).Fault(), StringComparer.Ordinal),
                DiskPaths = vm.Disks.Where(disk => DiskRules.OwnDataset(disk, vm) is null).DistinctBy(disk => JsonText.Plain(disk["path"]))
                    .ToImmutableDictionary(disk => JsonText.Plain(disk["path"]), disk => DiskPathLook.At(JsonText.Plain(disk["path"]), vm, DiskRules.IsCdrom(disk)), StringComparer.Ordinal),
            };
        }
        return facts with { RootDatasetExists = facts.Pools.Contains(vm.Zpool) && host.Datasets.Exists(DatasetName.Parse(vm.RootDataset)) };
    }

    /// <param name="pool">Where the image has to be.</param>
    /// <param name="image">The one that matters; null: none does.</param>
    /// <exception cref="Lumos.Core.LumosException">A source that could not be read; it is never taken for an empty one.</exception>
    public HostFacts Observe(string pool, string? image) => Observe(pool, image, s_asked);

    private HostFacts Observe(string pool, string? image, string[] asked)
    {
        var pools = host.Datasets.List(null, DatasetKinds.Live, depth: 0, asked == s_askedOfMachines ? ["available"] : []);
        return new HostFacts
        {
            Pools = pools.Select(d => d.Name).ToImmutableHashSet(StringComparer.Ordinal),
            Free = asked == s_askedOfMachines ? pools.ToImmutableDictionary(d => d.Name, d => d.Number("available") ?? long.MaxValue, StringComparer.Ordinal) : ImmutableDictionary<string, long>.Empty,
            VolumesAreFiles = host.Datasets.VolumesAreFiles,
            Image = Uuid.TryParse(image ?? "", out var uuid) ? host.Neighbours.Image(pool, uuid) : null,
            NicTags = host.Neighbours.NicTags(),
            Vms = [.. new VmReader(host).Select([], asked).Select(vm => vm.Object)],
            DelegationFault = host.Datasets.DelegationFault,
            Platform = host.Loader.Host.Platform ?? "",
        };
    }

    private ImmutableDictionary<string, ImageFacts> DiskImages(VmSpec vm) => vm.Disks.Where(disk => disk["image_uuid"] is not null)
        .Select(disk => (Key: DiskRules.ImageKey(disk), Pool: JsonText.Plain(disk["zpool"]), Uuid: JsonText.Plain(disk["image_uuid"]))).Distinct()
        .Select(asked => (asked.Key, Image: Uuid.TryParse(asked.Uuid, out var uuid) ? host.Neighbours.Image(asked.Pool, uuid) : null))
        .Where(pair => pair.Image is not null).ToImmutableDictionary(pair => pair.Key, pair => pair.Image!, StringComparer.Ordinal);

    private static string? FaultOf(string source)
    {
        try
        {
            StraightPath.Open(source).Dispose();
            return null;
        }
        catch (ErrnoException e)
        {
            return e.Errno switch
            {
                Errno.ENOENT or Errno.ENOTDIR => "does not exist",
                Errno.ELOOP => "goes through a symbolic link: give the path that it leads to",
                _ => $"cannot be opened ({e.Message})",
            };
        }
    }
}
