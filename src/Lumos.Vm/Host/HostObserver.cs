using System.Collections.Immutable;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Info;

namespace Lumos.Vm.Host;

/// <summary>Looks at the machine once, for one create or update.</summary>
public sealed class HostObserver(VmHost host)
{
    /// <param name="pool">Whose images count.</param>
    /// <exception cref="Lumos.Core.LumosException">A source that could not be read; it is never taken for an empty one.</exception>
    public HostFacts Observe(string pool)
    {
        var datasets = host.Datasets.List(null, DatasetKinds.Live, depth: 1);
        return new HostFacts
        {
            Pools = datasets.Where(d => d.Dataset.Parent is null).Select(d => d.Name).ToImmutableHashSet(StringComparer.Ordinal),
            Datasets = datasets.Where(d => d.Dataset.Parent is not null).Select(d => d.Name).ToImmutableHashSet(StringComparer.Ordinal),
            Images = host.Neighbours.Images(pool),
            NicTags = host.Neighbours.NicTags(),
            Vms = [.. new VmReader(host).All().Select(vm => vm.Object)],
            Platform = host.Loader.Host.Platform ?? "",
        };
    }
}
