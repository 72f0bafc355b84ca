using System.Globalization;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>Signals the init of a VM that runs.</summary>
public sealed class VmSignal(VmHost host)
{
    // Linux's numbers on the architectures we build for.
    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ABRT"] = 6, ["KILL"] = 9, ["USR1"] = 10, ["SEGV"] = 11, ["USR2"] = 12,
        ["PIPE"] = 13, ["ALRM"] = 14, ["TERM"] = 15, ["CHLD"] = 17, ["CONT"] = 18, ["STOP"] = 19, ["TSTP"] = 20, ["WINCH"] = 28,
        ["PWR"] = 30,
    };

    /// <param name="uuid">Of the VM.</param>
    /// <param name="signal">TERM, SIGTERM or 15.</param>
    /// <exception cref="LumosException">BadSignal, WrongState.</exception>
    public void Send(string uuid, string signal)
    {
        string name = signal.StartsWith("SIG", StringComparison.Ordinal) ? signal[3..] : signal;
        if (!Numbers.TryGetValue(name, out int number)
            && !(int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and < 65))
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
