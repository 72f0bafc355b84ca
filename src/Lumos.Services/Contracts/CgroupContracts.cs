using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Files;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Services.Daemon;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Contracts;

/// <summary>
/// Contracts as cgroups: ROOT/network-ssh:default holds every process of the instance, whoever forked it and whatever it calls
/// itself. A process cannot leave its cgroup, the kernel tells by cgroup.events when the last one is gone (to us, parent or not), and
/// cgroup.kill ends them all at once. No controllers are handed down here, so the kernel's rule that a group with controllers
/// in its children holds no processes itself does not bind us.
/// </summary>
public sealed class CgroupContracts : IContracts, IDisposable
{
    private readonly EventLoop _loop;
    private readonly Cgroup _root;
    private readonly Inotify _inotify = Inotify.Create();
    private readonly Dictionary<int, Fmri> _watches = [];
    private readonly HashSet<Fmri> _watched = [];

    public CgroupContracts(EventLoop loop, string root)
    {
        _loop = loop;
        _root = new Cgroup(root).Create();
        loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => ReadEvents());
    }

    public event Action<Fmri>? Emptied;

    /// <summary>Whether cgroup2 is there and lets us make groups; if not, why.</summary>
    public static bool IsUsable(string root, out string? why)
    {
        string parent = Path.GetDirectoryName(root.TrimEnd('/'))!;
        if (!File.Exists($"{parent}/cgroup.procs"))
        {
            why = $"{parent} is not a cgroup2 directory";
            return false;
        }
        try
        {
            var probe = new Cgroup(root).Create().Child("probe").Create();
            probe.Remove();
            why = null;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ErrnoException)
        {
            why = e.Message;
            return false;
        }
    }

    /// <summary>The directory that the instance's methods start in; made and watched from now on.</summary>
    public string Prepare(Fmri fmri)
    {
        var group = Of(fmri).Create();
        if (_watched.Add(fmri))
        {
            _watches[_inotify.Watch($"{group.Path}/cgroup.events", FileEvents.Modified)] = fmri;
        }
        return group.Path;
    }

    /// <summary>Takes up the contracts an earlier svc.startd made: watches the known, ends the others.</summary>
    public void Adopt(IReadOnlyCollection<Fmri> known, Action<string> report)
    {
        var names = known.ToDictionary(f => f.Slug());
        foreach (var group in _root.Children().ToList())
        {
            if (names.TryGetValue(group.Name, out var fmri))
            {
                Prepare(fmri);
                continue;
            }
            report($"Killing the processes of {group.Name}, which is no service any more");
            try
            {
                group.Destroy(TimeSpan.FromSeconds(5));
            }
            catch (Exception e) when (e is ErrnoException or IOException)
            {
                report($"{group.Name}: {e.Message}");
            }
        }
    }

    public bool IsEmpty(Fmri fmri)
    {
        try
        {
            var group = Of(fmri);
            return !group.Exists || !group.IsPopulated();
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            return true;
        }
    }

    public long? Id(Fmri fmri)
    {
        var group = Of(fmri);
        return group.Exists ? (long)FileStatus.Of(group.Path).Inode : null;
    }

    public IReadOnlyList<int> Processes(Fmri fmri)
    {
        try
        {
            var group = Of(fmri);
            return group.Exists ? group.AllProcesses() : [];
        }
        catch (Exception e) when (e is ErrnoException or IOException)
        {
            return []; // it went away while we looked
        }
    }

    public void Signal(Fmri fmri, SignalRound round) => 
        round.Tell(() => ProcFiles.Living(Processes(fmri)), pid => ProcessSignals.Send(pid, round.Signal));

    public void Kill(Fmri fmri)
    {
        var group = Of(fmri);
        try
        {
            if (group.Exists)
            {
                group.Kill();
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            // It went away by itself.
        }
    }

    public void Remove(Fmri fmri)
    {
        if (_watched.Remove(fmri))
        {
            int watch = _watches.First(w => w.Value == fmri).Key;
            _watches.Remove(watch);
            _inotify.Unwatch(watch);
        }
        try
        {
            Of(fmri).Remove();
        }
        catch (Exception e) when (e is IOException or ErrnoException or UnauthorizedAccessException)
        {
            // A process stuck in the kernel keeps it; the next start uses it again.
        }
    }

    public void Dispose()
    {
        _loop.Remove(_inotify.Descriptor);
        _inotify.Dispose();
    }

    private Cgroup Of(Fmri fmri) => _root.Child(fmri.Slug());

    private void ReadEvents()
    {
        foreach (var happened in _inotify.Read())
        {
            var affected = happened.Events.HasFlag(FileEvents.Overflow) ? _watches.Values.ToList()
                : _watches.TryGetValue(happened.Watch, out var fmri) ? [fmri]
                : [];
            foreach (var each in affected.Where(IsEmpty))
            {
                Emptied?.Invoke(each);
            }
        }
    }
}
