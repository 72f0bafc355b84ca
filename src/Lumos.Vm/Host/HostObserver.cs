using System.Collections.Immutable;
using System.Net.NetworkInformation;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Vm.Info;
using Lumos.Zones.Bundle;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Host;

/// <summary>Looks at the machine once, for one create or update.</summary>
public sealed class HostObserver(VmHost host)
{
    /// <summary>What is asked of every other VM; the whole of a thousand VMs would cost more than a create.</summary>
    private static readonly string[] s_asked = ["uuid", "zonename", "nics", "vnc_port"];

    /// <summary>With a VM's image, the paths that it wants to see, and whether its dataset is there.</summary>
    public HostFacts Observe(VmSpec vm) => ObservePlace(vm) with
    {
        Sources = vm.Filesystems.Where(fs => JsonText.Plain(fs["type"]) == MountOptions.Lofs).Select(fs => JsonText.Plain(fs["source"]))
            .Distinct().ToImmutableDictionary(source => source, FaultOf, StringComparer.Ordinal),
    };

    /// <summary>With a VM's image, and whether its dataset is there.</summary>
    public HostFacts ObservePlace(VmSpec vm)
    {
        var facts = Observe(vm.Zpool, vm.ImageUuid);
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
            };
        }
        return facts with { RootDatasetExists = facts.Pools.Contains(vm.Zpool) && host.Datasets.Exists(DatasetName.Parse(vm.RootDataset)) };
    }

    /// <param name="pool">Where the image has to be.</param>
    /// <param name="image">The one that matters; null: none does.</param>
    /// <exception cref="Lumos.Core.LumosException">A source that could not be read; it is never taken for an empty one.</exception>
    public HostFacts Observe(string pool, string? image)
    {
        return new HostFacts
        {
            Pools = host.Datasets.List(null, DatasetKinds.Live, depth: 0).Select(d => d.Name).ToImmutableHashSet(StringComparer.Ordinal),
            Image = Uuid.TryParse(image ?? "", out var uuid) ? host.Neighbours.Image(pool, uuid) : null,
            NicTags = host.Neighbours.NicTags(),
            Vms = [.. new VmReader(host).Select([], s_asked).Select(vm => vm.Object)],
            DelegationFault = host.Datasets.DelegationFault,
            Platform = host.Loader.Host.Platform ?? "",
        };
    }

    private ImmutableDictionary<string, ImageFacts> DiskImages(VmSpec vm) => vm.Disks.Select(disk => JsonText.Plain(disk["image_uuid"])).Distinct()
        .Select(text => (Text: text, Image: Uuid.TryParse(text, out var uuid) ? host.Neighbours.Image(vm.Zpool, uuid) : null))
        .Where(pair => pair.Image is not null).ToImmutableDictionary(pair => pair.Text, pair => pair.Image!, StringComparer.Ordinal);

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
