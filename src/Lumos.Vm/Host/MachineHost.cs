using Lumos.Drivers.Datasets;
using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Vm.Info;
using Lumos.Zones;
using Lumos.Zones.Runtime;

namespace Lumos.Vm.Host;

/// <summary>Puts together the host of the machine we run on.</summary>
public static class MachineHost
{
    /// <summary>Where vminfod listens.</summary>
    public const string InfoSocket = "/run/vminfod.sock";

    /// <param name="say">Gets status lines and warnings.</param>
    public static VmHost Create(Action<string> say)
    {
        var layout = new ZoneLayout();
        var datasets = new ZfsDatasets();
        var runtime = new ZoneRuntime(layout, OciRuntime.Find(), new VethLinks(), say);
        return new VmHost(layout, runtime, datasets, new MachineNeighbours(datasets), HostIdentity.Read(), InfoSocket)
        {
            Say = say,
        };
    }
}
