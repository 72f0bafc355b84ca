using Lumos.Cli;
using Lumos.Vm.Host;

namespace Lumos.Vm.Applets;

/// <summary>The commands of this domain.</summary>
public static class VmApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new Applet("vmadm", "manage virtual machines", context => new Vmadm(context, MachineHost.Create).Run()),
        new Applet("vminfo", "ask vminfod", context => new Vminfo(context, MachineHost.InfoSocket).Run()),
        new Applet("vminfod", "keep the model of all VMs (daemon)", context => Daemons.RunVminfod(context, MachineHost.Create)),
        new Applet("vmadmd", "finish what VMs need while nobody looks (daemon)", context => Daemons.RunVmadmd(context, MachineHost.Create)),
        new Applet("metadata", "answer the guests' questions about themselves (daemon)", context => Daemons.RunMetadata(context, MachineHost.Create)),
        new Applet("mdata-get", "print a value of this zone's metadata", context => Mdata.Get(context)),
        new Applet("mdata-put", "set a value of this zone's metadata", context => Mdata.Put(context)),
        new Applet("mdata-delete", "remove a value of this zone's metadata", context => Mdata.Delete(context)),
        new Applet("mdata-list", "list the keys of this zone's metadata", context => Mdata.List(context)),
        new Applet("svc-zones", "boot or stop all zones (method of svc:/system/zones)", context => SvcZones.Run(context, MachineHost.Create)),
    ];
}
