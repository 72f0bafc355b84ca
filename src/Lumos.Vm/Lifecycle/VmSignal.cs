using Lumos.Core;
using Lumos.Linux.Signals;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>Signals the init of a VM that runs.</summary>
public sealed class VmSignal(VmHost host)
{
    /// <param name="uuid">Of the VM.</param>
    /// <param name="signal">TERM, SIGTERM or 15.</param>
    /// <exception cref="LumosException">BadSignal, WrongState.</exception>
    public void Send(string uuid, string signal)
    {
        if (!SignalNames.TryParse(signal, out int number))
        {
            throw new LumosException("BadSignal", $"\"{signal}\" is not a signal");
        }
        var vm = host.Load(uuid);
        if (vm.Status.State != ZoneState.Running)
        {
            throw new LumosException("WrongState", $"Cannot find running init PID for VM {uuid}");
        }
        host.Runtime.Signal(ZoneName.Parse(vm.Spec.ZoneName), number);
    }
}
