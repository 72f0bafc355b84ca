using System.Text;
using Lumos.Core;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Services.Daemon;
using Lumos.Services.Restarter;

namespace Lumos.Services.Contracts;

/// <summary>
/// Contracts where cgroup2 cannot be used: an instance's processes are those whose environment says SMF_FMRI, which every child
/// inherits. Weaker than cgroups (a process that clears its environment gets away), hence only the second choice. Each process found is
/// held by a pidfd; when one ends we look again.
/// </summary>
public sealed class ProcessContracts(EventLoop loop) : IContracts
{
    private readonly Dictionary<(Fmri, int), ProcessHandle> _held = [];

    public event Action<Fmri>? Emptied;

    public bool IsEmpty(Fmri fmri)
    {
        var processes = Processes(fmri);
        foreach (int pid in processes)
        {
            Hold(fmri, pid);
        }
        return processes.Count == 0;
    }

    public long? Id(Fmri fmri) => Processes(fmri) is { Count: > 0 } processes ? processes[0] : null;

    public IReadOnlyList<int> Processes(Fmri fmri)
    {
        byte[] wanted = Encoding.UTF8.GetBytes($"SMF_FMRI={fmri}\0");
        var found = new List<int>();
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out int pid))
            {
                continue;
            }
            try
            {
                ReadOnlySpan<byte> environment = File.ReadAllBytes($"{directory}/environ");
                int at = environment.IndexOf(wanted);
                if (at == 0 || (at > 0 && environment[at - 1] == 0))
                {
                    found.Add(pid);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }
        found.Sort();
        return found;
    }

    public void Signal(Fmri fmri, SignalRound round) => round.Tell(() => ProcFiles.Living(Processes(fmri)), pid =>
    {
        Hold(fmri, pid);
        ProcessSignals.Send(pid, round.Signal);
    });

    public void Kill(Fmri fmri)
    {
        // A process may fork between our look and our signal; what is new is found by the next look.
        for (int i = 0; i < 10; i++)
        {
            var processes = Processes(fmri);
            if (processes.Count == 0)
            {
                break;
            }
            foreach (int pid in processes)
            {
                Hold(fmri, pid);
                ProcessSignals.Send(pid, Lumos.Linux.Signals.Signal.KILL);
            }
        }
    }

    public void Remove(Fmri fmri)
    {
        foreach (var (key, handle) in _held.Where(h => h.Key.Item1 == fmri).ToList())
        {
            loop.Remove(handle.Descriptor);
            handle.Dispose();
            _held.Remove(key);
        }
    }

    private void Hold(Fmri fmri, int pid)
    {
        if (_held.ContainsKey((fmri, pid)) || ProcessHandle.TryOpen(pid) is not { } handle)
        {
            return;
        }
        _held[(fmri, pid)] = handle;
        loop.Add(handle.Descriptor, PollEvents.Readable, _ =>
        {
            loop.Remove(handle.Descriptor);
            handle.Dispose();
            _held.Remove((fmri, pid));
            if (IsEmpty(fmri))
            {
                Emptied?.Invoke(fmri);
            }
        });
    }
}
