using Lumos.Cli;
using Lumos.Vm.Info;

namespace Lumos.Vm.Tests;

/// <summary>vminfod on a thread of its own.</summary>
internal sealed class RunningInfo : IDisposable
{
    private readonly Thread _thread;

    public RunningInfo(TestMachine machine, TimeSpan? datasetPeriod = null)
    {
        Daemon = new VmInfoDaemon(machine.NewHost(), JsonLog.None, datasetPeriod);
        _thread = new Thread(Daemon.Run);
        _thread.Start();
    }

    public VmInfoDaemon Daemon { get; }

    public void Dispose()
    {
        Daemon.Stop();
        _thread.Join();
        Daemon.Dispose();
    }
}
