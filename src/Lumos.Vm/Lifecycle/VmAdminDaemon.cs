using System.Collections.Concurrent;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// vmadmd: finishes what nobody else is there to finish.
/// <list type="bullet">
/// <item>A zone whose init ended is cleaned up, and booted again when it asked for a reboot or crashed (<see cref="ZoneEnd"/>).</item>
/// <item>A stop whose client was killed is ended by force when its time is up.</item>
/// <item>A VM in its first boot is watched until the marker is gone or the time is up.</item>
/// <item>A create or delete that was cut short (state incomplete, or configured and still provisioning) is unwound: its
/// lock is free only when nobody works on it any more, so getting the lock and still finding it so is the proof. So is a receive
/// of which nothing came; one of which something came waits for the rest (see VmReceiver).</item>
/// <item>What a writer that was killed has left beside a file is removed (<see cref="LeftFiles"/>).</item>
/// <item>What has a note and was cut short goes on or back, as whoever takes the VM's lock does (<see cref="UnfinishedNotes"/>).</item>
/// </list>
/// Ownership: the loop only tells which zone to look at; each look is a task of its own that takes the VM's lock, at most
/// one at a time for a VM (<see cref="VmSettler"/>). Nothing is kept in memory: killed and started again, it looks at every zone. Zones do not notice.
/// </summary>
public sealed class VmAdminDaemon : IDisposable
{
    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.Deleted | FileEvents.ClosedAfterWrite | FileEvents.OnlyDirectory;

    private static readonly TimeSpan SweepDelay = TimeSpan.FromSeconds(1), MostWait = TimeSpan.FromMinutes(1);

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, bool> _lookedAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _firstBoots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();
    private readonly SeenZones _seen = new();
    private readonly VmSettler _settler;
    private readonly int _zones;
    private int _sweeping;

    public VmAdminDaemon(VmHost host, JsonLog log, RestartPolicy? restarts = null)
    {
        _host = host;
        _log = log;
        _settler = new VmSettler(host, log, restarts ?? new RestartPolicy(), _stopping.Token);
        _zones = WatchFolder(host.Layout.Configurations);
        WatchFolder(host.Layout.States);
        WatchFolder(host.Layout.Exits);
        foreach (string folder in host.Unfinished.Folders)
        {
            WatchFolder(folder);
        }
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
    }

    /// <summary>Looks at every zone, then serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        LookAtChanged();
        SweepSoon();
        foreach (var entry in _host.Zones.ReadIndex().Zones)
        {
            Guard(entry.Name.Text, () =>
            {
                if (_settler.IsLeftStopped(entry.Name))
                {
                    LookAt(entry.Name.Text);
                }
            });
        }
        _loop.Run();
        _stopping.Cancel();
        // A boot or clean-up under way is finished; a wait for a lock or a first boot is not worth waiting for.
        Task.WaitAll([.. _tasks.Keys], TimeSpan.FromSeconds(10));
    }

    /// <summary>Any thread.</summary>
    public void Stop() => _loop.Stop();

    public void Dispose()
    {
        _inotify.Dispose();
        _loop.Dispose();
        _stopping.Dispose();
    }

    private int WatchFolder(string path)
    {
        Directory.CreateDirectory(path);
        return _inotify.Watch(path, FolderEvents);
    }

    private void OnFileEvents()
    {
        bool all = false, index = false;
        var zones = new HashSet<string>();
        foreach (var e in _inotify.Read())
        {
            all |= e.Events.HasFlag(FileEvents.Overflow);
            index |= e.Watch == _zones && e.Name == "index";
            if (Linux.Files.DurableFile.TargetOf(e.Name) is not null)
            {
                SweepSoon(); // written, and by now renamed, unless its writer was killed
            }
            else if (e.Watch != _zones)
            {
                zones.Add(e.Name.EndsWith(".json", StringComparison.Ordinal) ? e.Name[..^5] : e.Name);
            }
        }
        if (all)
        {
            _seen.Clear();
        }
        if (all || index)
        {
            LookAtChanged();
        }
        foreach (string zone in zones)
        {
            LookAt(zone);
        }
    }

    private void LookAtChanged()
    {
        foreach (var entry in _seen.Changed([.. _host.Zones.ReadIndex().Zones]))
        {
            Guard(entry.Name.Text, () => LookAt(entry));
        }
    }

    private void LookAt(ZoneIndexEntry entry)
    {
        var state = _host.Runtime.Status(entry).State;
        // In a stored state with nothing to unwind there is nothing to do: most zones cost no task.
        if (entry.State != ZoneState.Installed || state != ZoneState.Installed || _host.Unfinished.Exists(VmSettler.UuidOf(entry)) || _settler.IsProvisioning(entry.Name))
        {
            LookAt(entry.Name.Text);
        }
    }

    private void LookAt(string zone)
    {
        if (!ZoneName.TryParse(zone, out var name))
        {
            return;
        }
        // true: look once more when this look is over, for what happened meanwhile. It may be over right now: then a look begins.
        while (!_lookedAt.TryAdd(zone, false))
        {
            if (_lookedAt.TryUpdate(zone, true, false) || _lookedAt.TryUpdate(zone, true, true))
            {
                return;
            }
        }
        Start(() =>
        {
            do
            {
                _lookedAt[zone] = false;
                Guard(zone, () => Settle(name));
            }
            while (!_stopping.IsCancellationRequested && !_lookedAt.TryRemove(KeyValuePair.Create(zone, false)));
        });
    }

    private void Settle(ZoneName name)
    {
        if (_settler.Settle(name) is { } wait)
        {
            LookLater(name.Text, wait);
        }
        WatchFirstBoot(name);
    }

    // Whatever the clock says, which may be set: not much later.
    private void LookLater(string zone, TimeSpan wait) =>
        Task.Delay(wait < MostWait ? wait : MostWait, _stopping.Token).ContinueWith(_ => LookAt(zone), _stopping.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    private void SweepSoon()
    {
        if (Interlocked.Exchange(ref _sweeping, 1) == 0)
        {
            Task.Delay(SweepDelay, _stopping.Token).ContinueWith(_ => Start(Sweep), _stopping.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }

    private void Sweep()
    {
        Volatile.Write(ref _sweeping, 0); // first: what is written from here on is swept the next time
        bool again = false;
        Guard("all", () => again = LeftFiles.RemoveAll(_host) | new Archive.VmArchive(_host).Sweep());
        if (again)
        {
            SweepSoon();
        }
    }

    private void WatchFirstBoot(ZoneName name)
    {
        if (!_settler.IsInFirstBoot(name) || _host.Zones.ReadIndex().Find(name) is not { } entry || !_firstBoots.TryAdd(name.Text, true))
        {
            return;
        }
        Start(() =>
        {
            try
            {
                Guard(name.Text, () => new FirstBoot(_host).WaitAndFinish(VmSettler.UuidOf(entry), _stopping.Token));
            }
            catch (LumosException e) when (e.Code == FirstBoot.DeletedCode)
            {
                // whoever made it is told
            }
            finally
            {
                _firstBoots.TryRemove(name.Text, out _);
            }
        });
    }

    private void Start(Action action)
    {
        var task = new Task(action, TaskCreationOptions.LongRunning);
        _tasks[task] = true;
        task.ContinueWith(t => _tasks.TryRemove(t, out _), TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    private void Guard(string zone, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is not LumosException { Code: FirstBoot.DeletedCode }) // whatever it is, the other VMs are looked at
        {
            _seen.Forget(zone); // it is looked at again with the next change of the index
            _log.Error("this VM needs a look", ("zone", zone), ("error", LumosException.Describe(e)));
        }
    }
}
