using Lumos.Linux.Polling;
using Lumos.Linux.Spawn;

namespace Lumos.Vm.Info;

/// <summary>
/// Tells when the init of a zone that runs has ended, through a pidfd: at once, and also when the zone's monitor was killed
/// and nobody writes an exit status. The state of a zone is defined by its init, so this is the event that belongs to it;
/// cgroup.events would tell when the last process is gone, later, and not where cgroups are a host's of version 1.
/// Belongs to the thread of the loop.
/// </summary>
public sealed class InitWatch(EventLoop loop, Action<string> ended) : IDisposable
{
    private readonly Dictionary<string, ProcessHandle> _inits = new(StringComparer.Ordinal);

    public int Count => _inits.Count;

    /// <summary>From now on the init of this zone is this process; null: it has none.</summary>
    public void Follow(string zone, int? pid)
    {
        if (_inits.TryGetValue(zone, out var known))
        {
            if (known.Pid == pid)
            {
                return;
            }
            Forget(zone, known);
        }
        if (pid is not { } number)
        {
            return;
        }
        if (ProcessHandle.TryOpen(number) is not { } init)
        {
            loop.Post(() => ended(zone)); // it ended between the look that saw it and this one
            return;
        }
        _inits.Add(zone, init);
        loop.Add(init.Descriptor, PollEvents.Readable, _ =>
        {
            Forget(zone, init);
            ended(zone);
        });
    }

    public void Dispose()
    {
        foreach (var (zone, init) in _inits.ToList())
        {
            Forget(zone, init);
        }
    }

    private void Forget(string zone, ProcessHandle init)
    {
        _inits.Remove(zone);
        loop.Remove(init.Descriptor);
        init.Dispose();
    }
}
