using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets;

/// <summary>The method of svc:/system/zones.</summary>
internal static class SvcZones
{
    /// <summary>Seconds that stopping may take when nobody says otherwise; the service allows more, so that halting always gets done.</summary>
    internal const int StopSeconds = 100;

    internal static int Run(AppletContext context, Func<Action<string>, VmHost> host)
    {
        var zones = new AllZones(host(context.Error.WriteLine));
        switch (context.Args)
        {
            case ["start"]:
                // A zone that does not boot is in the log; it must not keep the machine from coming up.
                zones.Boot();
                return ExitStatus.Success;
            case ["stop"]:
                return zones.Stop(TimeSpan.FromSeconds(StopSeconds)) == 0 ? ExitStatus.Success : ExitStatus.Failure;
            case ["stop", var text] when int.TryParse(text, out int seconds) && seconds > 0:
                return zones.Stop(TimeSpan.FromSeconds(seconds)) == 0 ? ExitStatus.Success : ExitStatus.Failure;
            default:
                throw new UsageException("usage: svc-zones start | stop [seconds]");
        }
    }
}
