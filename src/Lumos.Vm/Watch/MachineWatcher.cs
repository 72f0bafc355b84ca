using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Watch;

/// <summary>
/// Listens to the QEMU of each hardware VM that runs: to what its guest does, which its zone does not see.
///
/// Purpose. A guest that restarts itself, panics, powers off; a disk that takes no writes, upon which QEMU holds the guest. It is written down (<see cref="MachineLife"/>), where vminfod
/// sees it, and a guest that is held goes on when there is room again.
/// Ownership. One thread has all of it; only the look for room, which may hang with its pool, is made on others. QEMU's second QMP socket is ours alone: commands have the first.
/// Failure. Nothing is kept in memory that cannot be asked again: after a kill -9 each machine that runs is found by its record and asked how it is. What it says in between is lost,
/// machines do not notice. A QEMU that a guest has taken over may say what it likes, as loud as it likes: see <see cref="MachineWatch"/>.
/// Tests: the steps of a life and of a hold in unit tests; a full disk, a restart and a panic on the real one in host tests.
/// </summary>
public sealed class MachineWatcher : IDisposable
{
    internal static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.Deleted | FileEvents.OnlyDirectory;

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly TimerFd _timer = TimerFd.Create();
    private readonly Dictionary<ZoneName, MachineWatch> _watches = [];
    private readonly HashSet<ZoneName> _quiet = [];
    private readonly long _start;
    private readonly Thread _thread;
    private bool _ticks;

    /// <summary>Begins to listen.</summary>
    public MachineWatcher(VmHost host, JsonLog log)
    {
        (_host, _log, _start) = (host, log, host.Clock.GetTimestamp());
        foreach (string folder in (string[])[host.Layout.States, host.Layout.Configurations, host.Layout.Machines])
        {
            Directory.CreateDirectory(folder);
        }
        _inotify.Watch(host.Layout.States, FolderEvents);
        _inotify.Watch(host.Layout.Configurations, FolderEvents); // before the first look, so that nothing falls between them
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
        _loop.Add(_timer.Descriptor, PollEvents.Readable, _ => OnTick());
        _thread = new Thread(() =>
        {
            LookAtAll();
            _loop.Run();
        }) { IsBackground = true, Name = "machines" };
        _thread.Start();
    }

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        foreach (var watch in _watches.Values)
        {
            watch.Dispose();
        }
        _timer.Dispose();
        _inotify.Dispose();
        _loop.Dispose();
    }

    private TimeSpan Now => _host.Clock.GetElapsedTime(_start);

    private void OnFileEvents()
    {
        var events = _inotify.Read().ToList();
        if (events.Any(e => e.Events.HasFlag(FileEvents.Overflow)))
        {
            LookAtAll();
            return;
        }
        foreach (string zone in events.Where(e => Path.GetExtension(e.Name) is ".json" or ".xml").Select(e => Path.GetFileNameWithoutExtension(e.Name)).Distinct())
        {
            LookAt(zone);
        }
    }

    private void LookAtAll()
    {
        foreach (string zone in ((string[])[_host.Layout.States, _host.Layout.Machines]).SelectMany(folder => Directory.GetFiles(folder, "*.json")).Select(file => Path.GetFileNameWithoutExtension(file)!).Distinct())
        {
            LookAt(zone);
        }
    }

    private void LookAt(string zone)
    {
        if (!ZoneName.TryParse(zone, out var name))
        {
            return;
        }
        try
        {
            LookAt(name);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            _log.Warn("a machine is not listened to", ("vm", zone), ("error", LumosException.Describe(e)));
        }
        SetTimer();
    }

    private void LookAt(ZoneName name)
    {
        if (_host.Zones.TryLoad(name) is not { } config)
        {
            File.Delete(_host.Layout.LifeFile(name));
            return;
        }
        if (!config.Brand.IsHvm || !File.Exists(_host.Layout.StateFile(name)) || _host.Runtime.Status(name) is not { InitPid: not null, ZoneId: { } boot })
        {
            return;
        }
        if (_watches.TryGetValue(name, out var watch) && watch.Boot != boot)
        {
            End(watch); // its end is still to be heard, and nobody asks for it any more
            watch = null;
        }
        if (watch is null)
        {
            watch = MachineWatch.Begin(_host.Layout, name, boot, _log);
            _watches[name] = watch;
            _loop.Add(watch.Descriptor, PollEvents.Readable, _ => OnWords(watch));
        }
        watch.Compare(Digest(config), Now);
    }

    // One that cannot be built is no other machine: the boot that would be refused says so.
    private static string? Digest(ZoneConfig config)
    {
        try
        {
            return MachineReader.Read(config) is { } machine ? MachineLife.DigestOf(machine) : null;
        }
        catch (LumosException)
        {
            return null;
        }
    }

    private void OnWords(MachineWatch watch)
    {
        bool lives = false;
        try
        {
            lives = watch.Hear(Now);
        }
        catch (LumosException e)
        {
            _log.Warn("a machine is listened to no more", ("vm", watch.Name.Text), ("error", LumosException.Describe(e)));
        }
        if (!lives)
        {
            End(watch);
        }
        else if (watch.IsTooLoud && _quiet.Add(watch.Name))
        {
            _loop.Remove(watch.Descriptor);
        }
        SetTimer();
    }

    private void End(MachineWatch watch)
    {
        if (!_quiet.Remove(watch.Name))
        {
            _loop.Remove(watch.Descriptor);
        }
        _watches.Remove(watch.Name);
        watch.Gone(WasToStop(watch));
        watch.Dispose();
    }

    private bool? WasToStop(MachineWatch watch)
    {
        try
        {
            return _host.Runtime.Status(watch.Name) is { ZoneId: { } boot } status && boot == watch.Boot ? status.Transition is not null : null;
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            return null;
        }
    }

    private void OnTick()
    {
        _timer.Consume();
        var now = Now;
        foreach (var watch in _watches.Values.ToList())
        {
            watch.Tick(now);
            if (_quiet.Remove(watch.Name))
            {
                _loop.Add(watch.Descriptor, PollEvents.Readable, _ => OnWords(watch));
            }
            if (watch.Hold?.IsDue(now) == true && !watch.IsLooking)
            {
                LookForRoom(watch);
            }
        }
        SetTimer();
    }

    private void LookForRoom(MachineWatch watch)
    {
        watch.IsLooking = true;
        Task.Run(() =>
        {
            bool isThere = RoomLook.IsThere(_host, watch.Name);
            _loop.Post(() =>
            {
                watch.IsLooking = false;
                if (_watches.GetValueOrDefault(watch.Name) == watch && watch.Hold?.IsDue(Now) == true)
                {
                    GoOn(watch, isThere);
                }
            });
        });
    }

    private void GoOn(MachineWatch watch, bool isThere)
    {
        if (!isThere)
        {
            watch.FoundNoRoom(Now);
            return;
        }
        try
        {
            watch.LetGo(Now);
        }
        catch (LumosException)
        {
            // It has just ended, which is heard on the same socket.
        }
    }

    // Only while somebody waits for it.
    private void SetTimer()
    {
        bool needed = _quiet.Count > 0 || _watches.Values.Any(watch => watch.NeedsTicks);
        if (needed != _ticks)
        {
            _ticks = needed;
            if (needed)
            {
                _timer.SetEvery(Tick);
            }
            else
            {
                _timer.Stop();
            }
        }
    }
}
