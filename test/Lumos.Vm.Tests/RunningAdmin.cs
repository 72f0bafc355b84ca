using System.Diagnostics;
using Lumos.Cli;
using Lumos.Vm.Lifecycle;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vmadmd on a thread of its own.</summary>
internal sealed class RunningAdmin : IDisposable
{
    private readonly VmAdminDaemon _daemon;
    private readonly Thread _thread;

    public RunningAdmin(TestMachine machine, RestartPolicy? restarts = null, JsonLog? log = null)
    {
        _daemon = new VmAdminDaemon(machine.NewHost(), log ?? JsonLog.None, restarts);
        _thread = new Thread(_daemon.Run);
        _thread.Start();
    }

    public void Dispose()
    {
        _daemon.Stop();
        _thread.Join();
        _daemon.Dispose();
    }
}

internal static class Wait
{
    /// <summary>Until the condition holds, looking again and again; 30 seconds at most.</summary>
    public static void Until(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "it did not happen within 30 seconds");
            Thread.Sleep(1);
        }
    }
}
