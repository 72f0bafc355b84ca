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
/// <item>A rollback or reprovision that was cut short is finished, as whoever takes the VM's lock does (<see cref="UnfinishedNotes"/>).</item>
/// </list>
/// Ownership: the loop only tells which zone to look at; each look is a task of its own that takes the VM's lock, at most
/// one at a time for a VM. Nothing is kept in memory: killed and started again, it looks at every zone. Zones do not notice.
/// </summary>
public sealed class VmAdminDaemon : IDisposable
{
    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.Deleted | FileEvents.ClosedAfterWrite | FileEvents.OnlyDirectory;

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, bool> _lookedAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _firstBoots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();
    private readonly HashSet<ZoneName> _wellMade = []; // installed, first boot over; of the loop's thread alone, to save looks
    private readonly ZoneEnd _ends;
    private readonly int _zones;

    public VmAdminDaemon(VmHost host, JsonLog log, RestartPolicy? restarts = null)
    {
        _host = host;
        _log = log;
        _ends = new ZoneEnd(host, log, restarts ?? new RestartPolicy());
        _zones = WatchFolder(host.Layout.Configurations);
        WatchFolder(host.Layout.States);
        WatchFolder(host.Layout.Exits);
        WatchFolder(host.Unfinished.Folder);
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
    }

    /// <summary>Looks at every zone, then serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        LookAtAll();
        foreach (var entry in _host.Zones.ReadIndex().Zones.Where(e => IsLeftStopped(e.Name)))
        {
            LookAt(entry.Name.Text);
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
        bool all = false;
        var zones = new HashSet<string>();
        foreach (var e in _inotify.Read())
        {
            all |= e.Events.HasFlag(FileEvents.Overflow) || (e.Watch == _zones && e.Name == "index");
            if (e.Watch != _zones)
            {
                zones.Add(e.Name.EndsWith(".json", StringComparison.Ordinal) ? e.Name[..^5] : e.Name);
            }
        }
        if (all)
        {
            LookAtAll();
            return;
        }
        foreach (string zone in zones)
        {
            LookAt(zone);
        }
    }

    private void LookAtAll()
    {
        foreach (var entry in _host.Zones.ReadIndex().Zones)
        {
            // In a stored state with nothing to unwind there is nothing to do: most zones cost no task.
            if (entry.State != ZoneState.Installed || _host.Runtime.Status(entry.Name).State != ZoneState.Installed
                || _host.Unfinished.Exists(entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text))
            {
                _wellMade.Remove(entry.Name);
                LookAt(entry.Name.Text);
            }
            else if (!_wellMade.Contains(entry.Name))
            {
                Guard(entry.Name.Text, () => _ = IsProvisioning(entry.Name) || _wellMade.Add(entry.Name));
                if (!_wellMade.Contains(entry.Name))
                {
                    LookAt(entry.Name.Text);
                }
            }
        }
    }

    private void LookAt(string zone)
    {
        if (!ZoneName.TryParse(zone, out var name))
        {
            return;
        }
        // true: look once more when this look is over, for what happened meanwhile.
        if (!_lookedAt.TryAdd(zone, false))
        {
            _lookedAt[zone] = true;
            return;
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
        var entry = _host.Zones.ReadIndex().Find(name);
        if (entry is null)
        {
            return;
        }
        // Without its lock: who stops the VM holds that, and is not waited for.
        var status = _host.Runtime.Status(name);
        if (_ends.LeftOfStop(status) is { Ticks: > 0 } left)
        {
            LookLater(name.Text, left);
            return;
        }
        if (!Needs(entry, status))
        {
            return;
        }
        string uuid = entry.Uuid.Length > 0 ? entry.Uuid : name.Text;
        using (_host.Lock(uuid))
        {
            entry = _host.Zones.ReadIndex().Find(name);
            if (entry is null)
            {
                return;
            }
            if (IsHalfMade(entry))
            {
                _log.Warn("unwinding a VM that was left half made", ("vm", uuid), ("state", entry.State.Word));
                new VmLifecycle(_host).Remove(uuid);
                _host.Publish(uuid);
                return;
            }
            if (_host.Zones.TryLoad(name) is { } config && _ends.Settle(uuid, config, mayBoot: !_stopping.IsCancellationRequested) is { } wait)
            {
                LookLater(name.Text, wait);
            }
            _ends.FinishStop(uuid, name);
            if (IsLeftStopped(name) && _host.Runtime.Status(name).State == ZoneState.Installed)
            {
                _log.Warn("starting a VM again that was stopped to be moved and was not", ("vm", uuid));
                Migrate.MigrationSwitch.RunHereAgain(_host, uuid);
            }
            BootFirst(uuid, name);
        }
        WatchFirstBoot(uuid, name);
    }

    private bool Needs(ZoneIndexEntry entry, ZoneStatus status) => IsHalfMade(entry)
        || _host.Unfinished.Exists(entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text)
        || status.State is ZoneState.Down or ZoneState.ShuttingDown
        || (status.State is ZoneState.Running or ZoneState.Installed && IsProvisioning(entry.Name))
        || (status.State == ZoneState.Installed && IsLeftStopped(entry.Name));

    /// <summary>Whoever moved it elsewhere stopped it and, when its lock is free, did not get further.</summary>
    private bool IsLeftStopped(ZoneName name) =>
        Migrate.MigrationMark.Of(_host.Zones.TryLoad(name)) is { Phase: Migrate.MigrationPhase.Stopped };

    private void LookLater(string zone, TimeSpan wait) =>
        Task.Delay(wait, _stopping.Token).ContinueWith(_ => LookAt(zone), _stopping.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    // What zoneadm says is incomplete is for zoneadm to clear away.
    private bool IsHalfMade(ZoneIndexEntry entry) =>
        (entry.State == ZoneState.Incomplete && _host.Zones.TryLoad(entry.Name)?.Attr(ZoneAttrNames.KeepIncomplete) is null)
        || (entry.State == ZoneState.Configured && _host.Zones.TryLoad(entry.Name) is { } config
            && (config.Attr(ZoneConfigMapping.Provisioning) is not null || Receive.VmReceiver.IsDead(_host, config)));

    private bool IsProvisioning(ZoneName name) => _host.Zones.TryLoad(name)?.Attr(ZoneConfigMapping.Provisioning) is not null;

    // Whoever made it was killed right before its first boot: we hold its lock, and it never ran.
    private void BootFirst(string uuid, ZoneName name)
    {
        if (!_stopping.IsCancellationRequested && _host.Runtime.Status(name) is { State: ZoneState.Installed, Exit: null }
            && _host.Zones.TryLoad(name) is { Autoboot: true } config && config.Attr(ZoneConfigMapping.Provisioning) is not null)
        {
            _log.Info("booting a VM for the first time; who made it is gone", ("vm", uuid));
            try
            {
                new Booter(_host).Boot(config);
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                // Once, not again at each look.
                _log.Error("it does not boot, and is failed", ("vm", uuid), ("error", LumosException.Describe(e)));
                FirstBoot.Note(_host, config, done: false);
            }
            _host.Publish(uuid);
        }
    }

    private void WatchFirstBoot(string uuid, ZoneName name)
    {
        // One that ran and is stopped has failed; whoever waited for it is told so, and if nobody waits we note it.
        bool hasRun = _host.Runtime.Status(name) is { State: ZoneState.Running } or { State: ZoneState.Installed, Exit: not null };
        if (!hasRun || !IsProvisioning(name) || !_firstBoots.TryAdd(uuid, true))
        {
            return;
        }
        Start(() =>
        {
            try
            {
                Guard(name.Text, () => new FirstBoot(_host).WaitAndFinish(uuid, _stopping.Token));
            }
            finally
            {
                _firstBoots.TryRemove(uuid, out _);
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
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            _log.Error("this VM needs a look", ("zone", zone), ("error", LumosException.Describe(e)));
        }
    }
}
