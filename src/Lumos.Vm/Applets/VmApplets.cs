using Lumos.Cli;
using Lumos.Vm.Host;

namespace Lumos.Vm.Applets;

/// <summary>The commands of this domain.</summary>
public static class VmApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new Applet("vmadm", "manage virtual machines", context => new Vmadm(context, MachineHost.Create).Run()),
        new Applet("vminfod", "keep the model of all VMs (daemon)", context => Daemons.RunVminfod(context, MachineHost.Create)),
        new Applet("vmadmd", "finish what VMs need while nobody looks (daemon)", context => Daemons.RunVmadmd(context, MachineHost.Create)),
        new Applet("svc-zones", "boot or stop all zones (method of svc:/system/zones)", context => SvcZones.Run(context, MachineHost.Create)),
    ];
}
