using Lumos.Cli;
using Lumos.Vm.Metadata.Agent;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>The metadata agent on a thread of its own.</summary>
internal sealed class RunningAgent : IDisposable
{
    private readonly MetadataAgent _agent;
    private readonly Thread _thread;

    public RunningAgent(TestMachine machine, bool givesSockets = false)
    {
        _agent = new MetadataAgent(machine.NewHost(), JsonLog.None, givesSockets);
        _thread = new Thread(_agent.Run);
        _thread.Start();
    }

    public void Dispose()
    {
        _agent.Stop();
        _thread.Join();
        _agent.Dispose();
    }
}
