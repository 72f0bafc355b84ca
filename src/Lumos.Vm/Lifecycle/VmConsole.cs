using Lumos.Core;
using Lumos.Linux.Terminals;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Consoles;

namespace Lumos.Vm.Lifecycle;

/// <summary>Joins the terminal to a VM's console: the console of its zone, left by Ctrl-].</summary>
public sealed class VmConsole(VmHost host)
{
    private const char Escape = '\u001d'; // Ctrl-]

    /// <summary>Returns when the user leaves.</summary>
    /// <exception cref="LumosException">WrongState.</exception>
    public void Attach(string uuid)
    {
        var vm = host.Load(uuid);
        if (vm.Status.State != ZoneState.Running)
        {
            throw new LumosException("WrongState", $"cannot connect to the console of VM {uuid} from state \"{vm.State}\", must be \"running\"");
        }
        host.Say("[Ctrl-] leaves the console]");
        using var console = new ZoneConsole(host.Layout, ZoneName.Parse(vm.Spec.ZoneName), Escape,
            Terminal.StandardInput, Terminal.StandardOutput, quiet: false, escapeAlone: true);
        console.Run();
    }
}
