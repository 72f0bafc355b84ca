using System.Globalization;
using System.Runtime.InteropServices;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Machine;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Metadata.Agent;

namespace Lumos.Vm.Applets;

/// <summary>vminfod, vmadmd and metadata: in the foreground, one JSON object a line on stderr (the service's log), until SIGTERM.</summary>
internal static class Daemons
{
    /// <summary>Descriptors of the metadata agent: all the connections of some thousand zones.</summary>
    private const ulong MostFiles = 1 << 18;

    internal static int RunVminfod(AppletContext context, Func<Action<string>, VmHost> host)
    {
        NoArguments(context);
        using var log = JsonLog.To(Console.OpenStandardError(), "vminfod");
        using var daemon = new VmInfoDaemon(host(line => log.Info(line)), log);
        using var stop = OnStop(daemon.Stop);
        daemon.Run();
        return ExitStatus.Success;
    }

    internal static int RunVmadmd(AppletContext context, Func<Action<string>, VmHost> host)
    {
        NoArguments(context);
        using var log = JsonLog.To(Console.OpenStandardError(), "vmadmd");
        var machine = host(line => log.Info(line));
        using var displays = new Display.DisplayServer(machine, log);
        using var machines = new Watch.MachineWatcher(machine, log);
        using var requests = VmAdminRequests.Serve(machine, log);
        using var daemon = new VmAdminDaemon(machine, log);
        using var stop = OnStop(daemon.Stop);
        daemon.Run();
        return ExitStatus.Success;
    }

    internal static int RunMetadata(AppletContext context, Func<Action<string>, VmHost> host)
    {
        NoArguments(context);
        using var log = JsonLog.To(Console.OpenStandardError(), "metadata");
        SelfProcess.SetLimit("nofile", SelfProcess.RaiseHardLimit("nofile", MostFiles).ToString(CultureInfo.InvariantCulture));
        using var agent = new MetadataAgent(host(line => log.Info(line)), log);
        using var stop = OnStop(agent.Stop);
        agent.Run();
        return ExitStatus.Success;
    }

    private static void NoArguments(AppletContext context)
    {
        if (context.Args.Count > 0)
        {
            throw new UsageException($"{context.Name} takes no arguments; it is started by its service, svc:/system/smartdc/{context.Name}");
        }
    }

    private static Registrations OnStop(Action stop)
    {
        void Handle(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop();
        }
        return new Registrations(
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle), PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle));
    }

    private sealed class Registrations(params IDisposable[] all) : IDisposable
    {
        public void Dispose()
        {
            foreach (var one in all)
            {
                one.Dispose();
            }
        }
    }
}
