using Lumos.Core;
using Lumos.Linux.Spawn;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>Joins the terminal to a VM's console: the console of its zone, left by Ctrl-].</summary>
public sealed class VmConsole(VmHost host)
{
    private const string Escape = "\u001d"; // Ctrl-]

    /// <summary>Returns when the user leaves, with the console's exit status.</summary>
    /// <exception cref="LumosException">WrongState.</exception>
    public int Attach(string uuid)
    {
        var vm = host.Load(uuid);
        if (vm.Status.State != ZoneState.Running)
        {
            throw new LumosException("WrongState", $"cannot connect to the console of VM {uuid} from state \"{vm.State}\", must be \"running\"");
        }
        host.Say("[Connected to the console; Ctrl-] leaves]");
        using var console = ChildProcess.Start(new SpawnRequest
        {
            Argv = ["zlogin", "-C", "-e", Escape, vm.Spec.ZoneName],
            InheritStreams = true,
        });
        return console.Wait();
    }
}
