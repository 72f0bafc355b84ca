using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Drivers.Pools;
using Lumos.Vm.Info;
using Lumos.Zones;
using Lumos.Zones.Machines;
using Lumos.Zones.Runtime;

namespace Lumos.Vm.Host;

/// <summary>Puts together the host of the machine we run on.</summary>
public static class MachineHost
{
    /// <summary>Where vminfod listens.</summary>
    public const string InfoSocket = "/run/vminfod.sock";

    /// <summary>Says "global" in the global zone; in a zone, the zone's name is shown in its place.</summary>
    private const string ZoneNameFile = "/usr/lib/lumos/zonename";

    /// <param name="say">Gets status lines and warnings.</param>
    /// <exception cref="LumosException">NotHere, exit status 2: not root, or not in the global zone.</exception>
    public static VmHost Create(Action<string> say)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw NotHere("only root may");
        }
        if (File.Exists(ZoneNameFile) && File.ReadAllText(ZoneNameFile).Trim() is var zone and not "global")
        {
            throw NotHere($"this is zone {zone}, not the global zone");
        }
        var layout = ZoneLayout.OfMachine();
        var datasets = MachineDatasets.Open(say);
        var runtime = new ZoneRuntime(layout, OciRuntime.Find(), new VethLinks(), say);
        return new VmHost(layout, runtime, datasets, new MachineNeighbours(datasets), HostIdentity.Read(), InfoSocket)
        {
            Say = say, SystemPool = SystemPoolName.Read(), MachineFault = WhyNoMachine(),
        };
    }

    private static string? WhyNoMachine() => File.Exists(QemuCommand.Program) ? null
        : $"it has no {QemuCommand.Program}, which Debian's package qemu-system-x86 brings";

    private static LumosException NotHere(string why) => new("NotHere", $"FATAL: cannot run because: {why}", exitStatus: 2);
}
