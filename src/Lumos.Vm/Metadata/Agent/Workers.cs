using System.Collections.Concurrent;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>A few threads for what touches the disk. A zone has at most two requests here, so that none waits behind a flood of another's.</summary>
internal sealed class Workers : IDisposable
{
    private const int Count = 4;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread[] _threads;

    internal Workers()
    {
        _threads = [.. Enumerable.Range(0, Count).Select(_ => new Thread(Work) { IsBackground = true })];
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    internal void Run(Action action) => _work.Add(action);

    public void Dispose()
    {
        _work.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }
        _work.Dispose();
    }

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
